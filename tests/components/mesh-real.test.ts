import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { appendFile, chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { databaseUrl } from "../../components/mesh/workloads.ts";
import { MESH_DATABASE } from "../../components/mesh/names.ts";
import { reveal } from "../program/run.ts";
import { freePorts } from "../support/ports.ts";
import { named, runMesh } from "./registry-program.ts";

/** Where Debian's packages have the programs, the newest version's. */
const INSTALLED = "/usr/lib/postgresql";
const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).toSorted((one, other) => Number(other) - Number(one)) : [];
const programs = versions.map((version) => join(INSTALLED, version, "bin")).find((folder) => existsSync(join(folder, "postgres")));
if (!programs) console.warn("skipped: there is no Postgres on this machine. Install the package postgresql.");
const describePostgres = programs ? describe : describe.skip;

/** Postgres does not run as root: nobody, where the tests do. */
const ids = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

const statement = (to: string, text: string) => ["--no-psqlrc", "--no-password", "--tuples-only", "--no-align", "-c", text, to];

interface Container {
    readonly args: string[];
    readonly env: { readonly name: string; readonly value: string }[];
    readonly readinessProbe: { readonly exec: { readonly command: string[] } };
}

describePostgres("a real Postgres with what the StatefulSet tells the image", () => {
    let folder: string;
    let port: number;
    let postgres: ChildProcess;
    let container: Container;
    /** What the readiness probe ended with before anything listened. */
    let before: number;
    const password = "aPasswordOfLettersAndDigits0123456789";

    /** Ends with the exit code and what was printed. */
    const run = (program: string, args: readonly string[]) =>
        new Promise<{ readonly code: number; readonly text: string }>((resolve) => {
            const options = { ...ids, cwd: folder, env: { PATH: "/usr/bin:/bin", LC_ALL: "C" }, timeout: 60_000 };
            execFile(join(programs ?? "", program), [...args], options, (error, stdout, stderr) =>
                resolve({ code: error ? Number(error.code ?? 1) : 0, text: (stdout + stderr).trim() }),
            );
        });
    const succeed = async (program: string, args: readonly string[]) => {
        const { code, text } = await run(program, args);
        if (code !== 0) throw new Error(`${program} ended with ${code}: ${text}`);
    };
    const setting = (name: string) => container.env.find((one) => one.name === name)?.value ?? "";
    const ready = () => {
        const [program = "", ...args] = container.readinessProbe.exec.command;
        return run(
            program,
            args.map((argument) => argument.replace(`--port=${MESH_DATABASE.port}`, `--port=${port}`)),
        );
    };
    const url = (secret: string) => databaseUrl(secret).replace(`${MESH_DATABASE.name}:${MESH_DATABASE.port}`, `127.0.0.1:${port}`);
    const sql = (to: string, text: string) => run("psql", statement(to, text));

    beforeAll(async () => {
        const made = await runMesh();
        const { spec } = reveal(named(made, "mesh-postgres-stateful-set").inputs) as {
            spec: { template: { spec: { containers: [Container] } } };
        };
        container = spec.template.spec.containers[0];
        [port = 0] = await freePorts(1);
        folder = await mkdtemp(join(tmpdir(), "mesh-"));
        const data = join(folder, setting("PGDATA").replaceAll("/", "_"));
        await mkdir(join(folder, "run"));
        await writeFile(join(folder, "password"), `${password}\n`);
        for (const path of [folder, join(folder, "run"), join(folder, "password")]) await chown(path, ids.uid ?? -1, ids.gid ?? -1);
        // What the image's entrypoint does with its environment on an empty volume.
        const asked = setting("POSTGRES_INITDB_ARGS").split(" ");
        await succeed("initdb", [
            `--username=${setting("POSTGRES_USER")}`,
            `--pwfile=${join(folder, "password")}`,
            `--pgdata=${data}`,
            ...asked,
        ]);
        await appendFile(join(data, "pg_hba.conf"), `host all all all ${setting("POSTGRES_HOST_AUTH_METHOD")}\n`);
        const [program = "", ...args] = container.args;
        const places = ["-D", data, "-c", `port=${port}`, "-c", "listen_addresses=127.0.0.1", "-k", join(folder, "run")];
        before = (await ready()).code;
        postgres = spawn(join(programs ?? "", program), [...args, ...places], { ...ids, cwd: folder, stdio: "ignore" });
        for (let attempt = 0; attempt < 100 && (await ready()).code !== 0; attempt++) await delay(100);
        const administration = url(password).replace(`/${MESH_DATABASE.database}?`, "/postgres?");
        await succeed("psql", statement(administration, `create database ${setting("POSTGRES_DB")}`));
    }, 120_000);

    afterAll(async () => {
        if (postgres?.exitCode === null) {
            // Fast shutdown, as the image's stop signal has it.
            postgres.kill("SIGINT");
            await once(postgres, "exit");
        }
        await rm(folder, { recursive: true });
    });

    test("the readiness probe passes once it takes connections", async () => {
        expect(before).not.toBe(0);
        expect(await ready()).toEqual({ code: 0, text: "" });
    });

    test("the URL in the Secret opens the database, and no other password does", async () => {
        expect(await sql(url(password), "select current_user, current_database()")).toEqual({ code: 0, text: "mcp_mesh|mcp_mesh" });
        expect(await sql(url("another"), "select 1")).toMatchObject({
            code: 2,
            text: expect.stringContaining("password authentication failed"),
        });
    });

    test("nobody is believed without a password, not even inside the container", async () => {
        const socket = `postgres:///mcp_mesh?host=${join(folder, "run")}&port=${port}&user=mcp_mesh`;
        for (const to of [socket, url("").replace(":@", "@")])
            expect(await sql(to, "select 1")).toMatchObject({ code: 2, text: expect.stringContaining("no password supplied") });
    });

    test("a driver that insists on TLS is not answered, so that the URL says not to", async () => {
        expect(await sql(url(password).replace("disable", "require"), "select 1")).toMatchObject({
            code: 2,
            text: expect.stringContaining("server does not support SSL"),
        });
    });

    test("passwords are kept as SCRAM verifiers, and pages have checksums", async () => {
        expect((await sql(url(password), "select left(rolpassword, 13) from pg_authid where rolname = current_user")).text).toBe(
            "SCRAM-SHA-256",
        );
        expect((await sql(url(password), "show data_checksums")).text).toBe("on");
    });
});
