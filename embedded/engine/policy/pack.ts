/** One policy pack that runs: what it is asked over gRPC, and its answers as events. */
import { credentials, Metadata, status, type ServiceError } from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import type { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import proto from "@pulumi/pulumi/proto/analyzer_pb.js";
import type { AnalyzeDiagnostic, AnalyzerInfo } from "@pulumi/pulumi/proto/analyzer_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { messageOf, UserError } from "../../common/errors.ts";
import { equal } from "../compare.ts";
import type { PolicyRemediationEvent, PolicyViolationEvent } from "../events.ts";
import type { PropertyMap } from "../values.ts";
import { decodeMap, encodeMap } from "../wire.ts";
import type { GivenConfig, GivenConfigs, PolicyConfig, PolicyDescription } from "./config.ts";
import { corrected } from "./corrected.ts";
import type { PolicySubject } from "./gate.ts";
import { levelNumber, levelOf, severityOf } from "./levels.ts";
import { analyzeRequest, stackConfigureRequest, stackRequest, type StackFacts } from "./messages.ts";
import type { PackFolder } from "./pack-file.ts";
import { ownLines, type PackProcess } from "./pack-process.ts";

/** As large as the SDK accepts. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

/** How long a pack that has started may take to describe itself. Milliseconds. */
const CONNECT_MS = 30_000;

type Call<Request, Response> = (request: Request, callback: (error: ServiceError | null, response: Response) => void) => unknown;

export class Pack {
    readonly name: string;
    readonly version: string;
    readonly folder: PackFolder;
    readonly policies: readonly PolicyDescription[];
    /** What the pack configures itself with. */
    readonly initialConfig: GivenConfigs;
    readonly #process: PackProcess;
    readonly #client: AnalyzerClient;
    readonly #severities: ReadonlyMap<string, PolicyViolationEvent["severity"]>;
    readonly #stackRules: ReadonlySet<string>;
    /** What the pack need not be asked, since it has no such rule that is in force. */
    #asks = { remediate: true, analyze: true, analyzeStack: true };
    #ended: string | undefined;
    /** Why nothing can be asked any more: one error for all questions, so that it is told once. */
    #lost: UserError | undefined;

    private constructor(folder: PackFolder, process: PackProcess, client: AnalyzerClient, info: AnalyzerInfo) {
        this.folder = folder;
        this.name = info.getName();
        this.version = folder.version ?? info.getVersion();
        this.#process = process;
        this.#client = client;
        void process.ended.then((how) => (this.#ended = how));
        const list = info.getPoliciesList();
        this.#severities = new Map(list.map((policy) => [policy.getName(), severityOf(policy.getSeverity())]));
        const stackRules = list.filter((policy) => policy.getPolicyType() === proto.PolicyType.POLICY_TYPE_STACK);
        this.#stackRules = new Set(stackRules.map((policy) => policy.getName()));
        this.policies = list.map((policy) => ({
            name: policy.getName(),
            level: levelOf(policy.getEnforcementlevel()),
            schema: decodeMap(policy.getConfigschema()?.getProperties()),
            required: policy.getConfigschema()?.getRequiredList() ?? [],
        }));
        const initial: Record<string, GivenConfig> = {};
        info.getInitialconfigMap().forEach((config, name) => {
            initial[name] = { level: levelOf(config.getEnforcementlevel()), properties: decodeMap(config.getProperties()) };
        });
        this.initialConfig = initial;
    }

    /** Connects to a pack that has started and asks what it holds. */
    static async connect(folder: PackFolder, process: PackProcess, facts: StackFacts): Promise<Pack> {
        const client = new services.AnalyzerClient(`127.0.0.1:${process.port}`, credentials.createInsecure(), {
            "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
            "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
            // The pack is on this machine, whatever the environment says about proxies.
            "grpc.enable_http_proxy": 0,
        });
        const first = { deadline: Date.now() + CONNECT_MS };
        try {
            await ask(
                (request, answer) => client.configureStack(request, new Metadata(), first, answer),
                stackConfigureRequest(facts),
            ).catch((error: unknown) => {
                if (codeOf(error) !== status.UNIMPLEMENTED) throw error;
            });
            const info = await ask<empty.Empty, AnalyzerInfo>(
                (request, answer) => client.getAnalyzerInfo(request, new Metadata(), first, answer),
                new empty.Empty(),
            );
            return new Pack(folder, process, client, info);
        } catch (error) {
            client.close();
            throw new UserError(
                `The policy pack ${folder.given} does not answer as one on the port that it printed: ${ownMessage(error, folder.folder)}`,
            );
        }
    }

    async configure(configs: ReadonlyMap<string, PolicyConfig>): Promise<void> {
        const request = new proto.ConfigureAnalyzerRequest();
        for (const [name, { level, properties }] of configs) {
            const config = new proto.PolicyConfig();
            config.setEnforcementlevel(levelNumber(level));
            config.setProperties(encodeMap(properties));
            request.getPolicyconfigMap().set(name, config);
        }
        await this.#call("configure", request);
        const inForce = [...configs].filter(([, { level }]) => level !== "disabled");
        this.#asks = {
            remediate: inForce.some(([, { level }]) => level === "remediate"),
            analyze: inForce.some(([name]) => !this.#stackRules.has(name)),
            analyzeStack: inForce.some(([name]) => this.#stackRules.has(name)),
        };
    }

    /** The violations of the rules about one resource. */
    async analyze(subject: PolicySubject): Promise<PolicyViolationEvent[]> {
        if (!this.#asks.analyze) return [];
        const response = await this.#call<InstanceType<typeof proto.AnalyzeResponse>>("analyze", analyzeRequest(subject, false));
        return response.getDiagnosticsList().map((diagnostic) => this.#violation(diagnostic, subject.state.urn));
    }

    /** The violations of the rules about the stack; those that name no resource of it are about `root`. */
    async analyzeStack(subjects: readonly PolicySubject[], root: string | undefined): Promise<PolicyViolationEvent[]> {
        if (!this.#asks.analyzeStack) return [];
        const response = await this.#call<InstanceType<typeof proto.AnalyzeResponse>>("analyzeStack", stackRequest(subjects));
        const urns = new Set(subjects.map(({ state }) => state.urn));
        return response
            .getDiagnosticsList()
            .map((diagnostic) => this.#violation(diagnostic, urns.has(diagnostic.getUrn()) ? diagnostic.getUrn() : root));
    }

    /** Has the pack correct the inputs. What it could not judge is answered as an advisory violation. */
    async remediate(
        subject: PolicySubject,
    ): Promise<{ inputs: PropertyMap; changes: PolicyRemediationEvent[]; violations: PolicyViolationEvent[] }> {
        if (!this.#asks.remediate) return { inputs: subject.state.inputs, changes: [], violations: [] };
        const { urn } = subject.state;
        const response = await this.#call<InstanceType<typeof proto.RemediateResponse>>("remediate", analyzeRequest(subject, true));
        const changes: PolicyRemediationEvent[] = [];
        const violations: PolicyViolationEvent[] = [];
        let { inputs } = subject.state;
        for (const remediation of response.getRemediationsList()) {
            const about = { urn, pack: this.name, packVersion: this.version, policy: remediation.getPolicyname() };
            const message = remediation.getDiagnostic();
            if (message) {
                const description = remediation.getDescription();
                const severity = this.#severities.get(about.policy);
                violations.push({ type: "policy-violation", ...about, message, description, enforcementLevel: "advisory", severity });
                continue;
            }
            const after = corrected(inputs, decodeMap(remediation.getProperties()));
            if (!equal(after, inputs)) changes.push({ type: "policy-remediation", ...about, before: inputs, after });
            inputs = after;
        }
        return { inputs, changes, violations };
    }

    /** Asks the pack to leave what it is doing. Packs that cannot be asked are ended a moment later. */
    cancel(): void {
        this.#client.cancel(new empty.Empty(), () => {});
    }

    async close(): Promise<void> {
        this.#client.close();
        await this.#process.stop();
    }

    #violation(diagnostic: AnalyzeDiagnostic, urn: string | undefined): PolicyViolationEvent {
        const policy = diagnostic.getPolicyname();
        return {
            type: "policy-violation",
            urn,
            message: diagnostic.getMessage(),
            pack: this.name,
            packVersion: this.version,
            policy,
            description: diagnostic.getDescription(),
            // What a remediation left wrong, and rules about the stack at that level, are mandatory.
            enforcementLevel: levelOf(diagnostic.getEnforcementlevel()) === "advisory" ? "advisory" : "mandatory",
            severity: severityOf(diagnostic.getSeverity()) ?? this.#severities.get(policy),
        };
    }

    async #call<Response>(method: "configure" | "analyze" | "analyzeStack" | "remediate", request: unknown): Promise<Response> {
        const call = (this.#client[method] as unknown as Call<unknown, Response>).bind(this.#client) as Call<unknown, Response>;
        if (this.#lost) throw this.#lost;
        try {
            return await ask(call, request);
        } catch (error) {
            if (isUnavailable(error)) {
                const how = this.#ended ?? (await Promise.race([this.#process.ended, later("no longer answers")]));
                this.#lost ??= new UserError(
                    `The policy pack ${this.name} ${how} while it was asked: its rules were not applied to everything. Run the command again when it is mended.`,
                );
                throw this.#lost;
            }
            throw new UserError(`The policy pack ${this.name} failed: ${ownMessage(error, this.folder.folder)}`);
        }
    }
}

/** How long the end of a process may be heard after that of its connection. Milliseconds. */
const HEARD_MS = 1_000;

async function later<T>(value: T): Promise<T> {
    return await new Promise((resolve) => setTimeout(() => resolve(value), HEARD_MS).unref());
}

async function ask<Request, Response>(call: Call<Request, Response>, request: Request): Promise<Response> {
    return await new Promise((resolve, reject) => {
        call(request, (error, response) => (error ? reject(error) : resolve(response)));
    });
}

function codeOf(error: unknown): number | undefined {
    return (error as Partial<ServiceError>).code;
}

function isUnavailable(error: unknown): boolean {
    return [status.UNAVAILABLE, status.CANCELLED, status.INTERNAL].includes(codeOf(error) ?? -1);
}

function ownMessage(error: unknown, folder: string): string {
    return ownLines(((error as Partial<ServiceError>).details ?? messageOf(error)).split("\n"), folder).join("\n");
}
