/** Operations as the command line runs them, without a program's process, and everything that can be seen of them. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Operation, type Kind } from "../../../embedded/engine/commands/operation.ts";
import type { Options } from "../../../embedded/engine/commands/options.ts";
import { openStack } from "../../../embedded/engine/commands/stack-state.ts";
import { findTarget, openWorkspace } from "../../../embedded/engine/commands/workspace.ts";
import { Deployment } from "../../../embedded/engine/deployment/deployment.ts";
import { registerOutputs } from "../../../embedded/engine/deployment/outputs.ts";
import { register } from "../../../embedded/engine/deployment/register.ts";
import { plainPaint } from "../../../embedded/engine/display/colors.ts";
import * as engine from "../../../embedded/engine/index.ts";
import { converge } from "../../../embedded/engine/operations/update.ts";
import type { ProviderTable } from "../../../embedded/engine/provider.ts";
import { Redactor } from "../../../embedded/engine/redact.ts";
import type { EngineRun, OperationResult } from "../../../embedded/engine/run.ts";
import { lockStack } from "../../../embedded/engine/state/lock.ts";
import { createPassphrase } from "../../../embedded/engine/state/secrets-passphrase.ts";
import { noOptions, type Goal } from "../../../embedded/engine/steps/goal.ts";
import { STACK_TYPE } from "../../../embedded/engine/urn.ts";
import type { PropertyMap } from "../../../embedded/engine/values.ts";

const PASSPHRASE = "a passphrase for tests";

/** What is registered: things in a component, and the stack's outputs. */
export interface Asked {
    readonly component: PropertyMap;
    readonly things: readonly { readonly name: string; readonly inputs: PropertyMap; readonly goal?: Partial<Goal> }[];
    readonly outputs: PropertyMap;
}

/** A project with one stack in a folder of its own. */
export class Hidden {
    readonly folder: string;
    readonly #providers: ProviderTable;

    private constructor(folder: string, providers: ProviderTable) {
        this.folder = folder;
        this.#providers = providers;
    }

    /** @param config settings that are encrypted, by key */
    static async make(providers: ProviderTable, config: Readonly<Record<string, string>>): Promise<Hidden> {
        process.env["PULUMI_CONFIG_PASSPHRASE"] = PASSPHRASE;
        delete process.env["PULUMI_BACKEND_URL"];
        const folder = await mkdtemp(join(tmpdir(), "hidden-"));
        const manager = await (Hidden.#manager ??= createPassphrase(PASSPHRASE));
        await mkdir(join(folder, "state"));
        await writeFile(
            join(folder, "Pulumi.yaml"),
            "name: test\nruntime: { name: nodejs, options: { typescript: false } }\nbackend: { url: file://./state }\n",
        );
        const lines = Object.entries(config).map(([key, value]) => `  test:${key}: { secure: "${manager.encrypt(value)}" }\n`);
        await writeFile(
            join(folder, "Pulumi.dev.yaml"),
            `encryptionsalt: ${manager.provider.state.salt}\nconfig:${lines.length ? `\n${lines.join("")}` : " {}\n"}`,
        );
        return new Hidden(folder, providers);
    }
    static #manager: ReturnType<typeof createPassphrase> | undefined;

    /** Runs an operation and returns all that it printed. */
    async run(kind: Kind, asked: Asked, more: Partial<Options> = {}, live = false): Promise<string> {
        let printed = "";
        const write = (text: string): void => void (printed += `${text}\n`);
        const options = { cwd: this.folder, stack: "dev", yes: true, "skip-preview": true, "non-interactive": true, ...more } as Options;
        const workspace = await openWorkspace(options);
        const target = await findTarget(workspace, options);
        const lock = await lockStack(workspace.backend, target.reference, kind, write);
        try {
            if (!target.exists) await workspace.backend.create(target.reference);
            const stack = await openStack(workspace, target, true, write);
            const redactor = new Redactor();
            for (const key of stack.config.secretKeys) redactor.add(stack.config.values[key] ?? "");
            const hosted =
                (preview: boolean) =>
                async (run: EngineRun): Promise<OperationResult> =>
                    await converge(new Deployment({ ...run, providers: this.#providers }, preview), async (deployment, finish) => {
                        await host(deployment, asked);
                        await finish();
                    });
            const context = {
                kind,
                options,
                workspace,
                target,
                stack,
                redactor,
                signal: new AbortController().signal,
                terminal: { screen: { write, columns: 200, rows: 50 }, paint: plainPaint, interactive: false, live, say: write },
                engine: {
                    ...engine,
                    preview: hosted(true),
                    update: hosted(false),
                    destroy: (run: EngineRun, how: { preview: boolean }) => engine.destroy({ ...run, providers: this.#providers }, how),
                },
            };
            await new Operation(context).run(kind === "preview").catch((error: unknown) => write(redactor.clean(String(error))));
            printed += await this.files();
        } finally {
            await lock.release();
        }
        return printed;
    }

    /** The contents of all files of the state, with their names. */
    async files(): Promise<string> {
        const state = join(this.folder, "state");
        const entries = await readdir(state, { recursive: true, withFileTypes: true });
        const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
        return (await Promise.all(files.map(async (file) => `${file}\n${await readFile(file, "utf8")}\n`))).join("");
    }

    async remove(): Promise<void> {
        await rm(this.folder, { recursive: true, force: true });
    }
}

async function host(deployment: Deployment, { component, things, outputs }: Asked): Promise<void> {
    const ask = async (name: string, type: string, goal: Partial<Goal>): Promise<string | undefined> => {
        const whole: Goal = {
            type,
            name,
            custom: false,
            inputs: {},
            ...noOptions,
            ...goal,
        };
        return await register(deployment, whole).then(
            ({ state }) => state.urn,
            () => undefined, // reported
        );
    };
    const stack = await ask("test-dev", STACK_TYPE, {});
    const parent = await ask("group", "test:group:Group", { parent: stack, inputs: component });
    await Promise.all(things.map(({ name, inputs, goal }) => ask(name, "double:index:Thing", { parent, custom: true, inputs, ...goal })));
    if (parent) await registerOutputs(deployment, parent, component);
    if (stack) await registerOutputs(deployment, stack, outputs);
}
