import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parse, stringify } from "yaml";
import { apiOf, collectionOf, kubernetesOf, type Api } from "../program/api.ts";
import { reveal, type Properties } from "../program/run.ts";
import { startApiServer, type ApiServer } from "../support/apiserver.ts";
import { authority } from "../support/pki.ts";
import { freePorts } from "../support/ports.ts";
import { acmeTools } from "./acme/tool.ts";
import { PRODUCTION, runEdge } from "./edge-program.ts";
import { createAll, created, describeWithTraefik, publish, startTraefik, tokenOf, type Traefik } from "./traefik.ts";

const tools = await acmeTools();
const missing = [
    ...(tools ? [] : ["cert-manager is not built: run `node tests/components/acme/tool.ts` once"]),
    ...(process.getuid?.() === 0 ? [] : ["challenges come to port 80, which takes root"]),
];
if (missing.length) console.warn(`skipped: ${missing.join("; ")}`);
const describeAcme = missing.length ? describe.skip : await describeWithTraefik();

interface Item {
    readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string; readonly labels: Record<string, string> };
    readonly spec: { readonly selector: Record<string, string>; readonly containers: [{ readonly args: string[] }] };
    readonly status?: { readonly conditions?: { readonly type: string; readonly status: string }[] };
}

const isReady = ({ status }: Item) => status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True");

/** An address of this process's own for the name of every host; what comes to its port 80 comes to Traefik. */
const ADDRESS = `127.80.${(process.pid >> 8) & 255}.${(process.pid & 252) + 1}`;

describeAcme("cert-manager's controllers with their own arguments and rights, behind a real Traefik, and a real ACME directory", () => {
    let server: ApiServer;
    let api: Api;
    let traefik: Traefik;
    let folder: string;
    const children: ChildProcess[] = [];
    const answering = new Set<string>();

    beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), "acme-"));
        const [dns = 0, directory = 0, management = 0, challenges = 0] = await freePorts(4);
        const certificates = { ...PRODUCTION.certificates, directory: `https://localhost:${directory}/dir` };
        const [started, run] = await Promise.all([
            startApiServer(),
            runEdge({ ...PRODUCTION, frontDoor: { mode: "direct" }, certificates }),
        ]);
        server = started;
        api = apiOf(server.kubeconfig());
        for (const name of ["mcp-runtime", "mcp-servers", "registry", "traefik", "cert-manager"])
            await created(api, "/api/v1/namespaces", { metadata: { name } });
        // No API server outside a cluster finds the webhook's Service.
        const objects = kubernetesOf(run).filter(({ type }) => !type.endsWith("WebhookConfiguration"));
        const requested = objects.filter(({ type }) => /:(ClusterIssuer|Certificate)$/.test(type));
        await createAll(
            api,
            objects.filter((object) => !requested.includes(object)),
        );
        traefik = await startTraefik(server, api, objects, `${ADDRESS}:80`);

        const names = [
            "-defaultIPv4",
            ADDRESS,
            "-defaultIPv6",
            "",
            "-dnsserver",
            `127.0.0.1:${dns}`,
            "-management",
            `127.0.0.1:${challenges}`,
        ];
        start("pebble-challtestsrv", [...names, ...["-http01", "-https01", "-tlsalpn01", "-doh"].flatMap((option) => [option, ""])]);
        const ca = await authority("directory");
        await startPebble(await ca.issue("CN=localhost", ["localhost"]), { dns, directory, management });

        const deployment = reveal(objects.find(({ name }) => name === "cert-manager-controller-deployment")?.inputs) as {
            spec: { template: { spec: Item["spec"] } };
        };
        const { args } = deployment.spec.template.spec.containers[0];
        const kubeconfig = parse(server.kubeconfig()) as { users: [{ user: Properties }] };
        kubeconfig.users[0].user = { token: await tokenOf(api, "cert-manager", "cert-manager") };
        await writeFile(join(folder, "kubeconfig"), stringify(kubeconfig), { mode: 0o600 });
        start("acme", [...args, `--kubeconfig=${join(folder, "kubeconfig")}`, `--acme-http01-solver-nameservers=127.0.0.1:${dns}`]);

        for (const object of requested) {
            const body = reveal(object.inputs) as { spec: { acme?: Properties } };
            if (body.spec.acme) body.spec.acme["caBundle"] = Buffer.from(ca.cert).toString("base64");
            await created(api, collectionOf(object), body);
        }
    }, 120_000);

    afterAll(async () => {
        await Promise.all(
            children.map(async (child) => {
                if (child.exitCode !== null) return;
                child.kill("SIGKILL");
                await once(child, "exit");
            }),
        );
        await traefik?.stop();
        api?.close();
        await server?.stop();
        if (folder) await rm(folder, { recursive: true });
    });

    function start(program: string, args: readonly string[], env: Record<string, string> = {}): void {
        const log = openSync(join(folder, `${program}.log`), "a");
        children.push(spawn(join(tools ?? "", program), args, { cwd: folder, env: { PATH: "", ...env }, stdio: ["ignore", log, log] }));
        closeSync(log);
    }

    async function startPebble(
        serving: { readonly cert: string; readonly key: string },
        ports: { readonly dns: number; readonly directory: number; readonly management: number },
    ): Promise<void> {
        const [certificate, privateKey, configuration] = ["pebble.crt", "pebble.key", "pebble.json"].map((name) => join(folder, name));
        const listen = { listenAddress: `127.0.0.1:${ports.directory}`, managementListenAddress: `127.0.0.1:${ports.management}` };
        const pebble = { ...listen, certificate, privateKey, httpPort: 80, tlsPort: 443 };
        await writeFile(certificate ?? "", serving.cert);
        await writeFile(privateKey ?? "", serving.key, { mode: 0o600 });
        await writeFile(configuration ?? "", JSON.stringify({ pebble }));
        start("pebble", ["-config", configuration ?? "", "-dnsserver", `127.0.0.1:${ports.dns}`], { PEBBLE_VA_NOSLEEP: "1" });
    }

    const list = async (path: string) => (await api.request("GET", path)).body["items"] as Item[];

    /** What a kubelet and the endpoint controller do for the pods that answer challenges. */
    async function runPods(): Promise<void> {
        for (const { metadata, spec } of await list("/api/v1/pods?labelSelector=app.kubernetes.io/name%3Dacme-solver")) {
            if (answering.has(metadata.uid)) continue;
            const services = await list(`/api/v1/namespaces/${metadata.namespace}/services`);
            const service = services.find(({ spec: { selector } }) =>
                Object.entries(selector).every(([key, value]) => metadata.labels[key] === value),
            );
            if (!service) continue;
            answering.add(metadata.uid);
            const [port = 0] = await freePorts(1);
            start("acme", ["solver", ...spec.containers[0].args.map((argument) => argument.replace(/^(--listen-port=).*/, `$1${port}`))]);
            await publish(api, metadata.namespace, service.metadata.name, { name: "http", port });
        }
    }

    const certificates = async () => list("/apis/cert-manager.io/v1/certificates");

    test("every host gets a certificate, through a redirecting edge, with no right refused", async () => {
        for (let attempt = 0; attempt < 450 && !(await certificates()).every(isReady); attempt++) {
            await runPods();
            await delay(200);
        }
        const logs = [readFileSync(join(folder, "acme.log"), "utf8"), traefik.log().join("\n")];
        expect(logs.flatMap((log) => log.split("\n").filter((line) => /forbidden/i.test(line)))).toEqual([]);
        expect((await certificates()).map((one) => [one.metadata.namespace, one.metadata.name, isReady(one)]).toSorted()).toEqual([
            ["mcp-runtime", "mcp-certificate", true],
            ["mcp-runtime", "platform-certificate", true],
            ["registry", "registry-certificate", true],
        ]);
        expect(answering.size).toBe(3);
    }, 180_000);

    test.each([
        ["mcp-runtime", "mcp"],
        ["mcp-runtime", "platform"],
        ["registry", "registry"],
    ])("the Secret in %s is for %s alone, and one that Ingresses take", async (namespace, host) => {
        const { body } = await api.request("GET", `/api/v1/namespaces/${namespace}/secrets/${host}-certificate`);
        expect(body["type"]).toBe("kubernetes.io/tls");
        const { "tls.crt": certificate = "" } = body["data"] as Record<string, string>;
        const { subjectAltName, publicKey } = new X509Certificate(Buffer.from(certificate, "base64"));
        expect(subjectAltName).toBe(`DNS:${host}.example.com`);
        expect(publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: "prime256v1" });
    });

    test("nothing of a challenge is left", async () => {
        const challenges = async () => list("/apis/acme.cert-manager.io/v1/challenges");
        for (let attempt = 0; attempt < 100 && (await challenges()).length > 0; attempt++) await delay(100);
        expect(await challenges()).toEqual([]);
        expect(await list("/api/v1/pods")).toEqual([]);
        expect((await list("/apis/networking.k8s.io/v1/ingresses")).map(({ metadata }) => metadata.name)).toEqual(["mcp-gateway"]);
    });
});
