/** One pass over one server: compares and applies, then reports what came of it. */
import { API_VERSION, KIND, mcpServerSchema, type MCPServer } from "../api/mcpserver.ts";
import { DEPLOYMENTS, SERVICES } from "../kubernetes/objects.ts";
import { availabilityOf, type Availability, type Finding } from "./availability.ts";
import { buildDeployment } from "./builders/deployment.ts";
import { buildService } from "./builders/service.ts";
import { serverKeyOf, type ControllerContext, type StoredServer } from "./context.ts";
import { ensure, NotAccepted, StillGoing } from "./ensure.ts";
import { Reporter } from "./report.ts";
import { statusOf } from "./status.ts";
import { Sweeper } from "./sweep.ts";

const ACCEPTED: Finding = { status: "True", reason: "Valid", message: "the spec is valid and the objects of the server exist" };
/** A refusal may end without a change of the spec: the other object is deleted, the quota is raised. */
const REFUSED_AGAIN_MS = 15_000;
const GOING_AGAIN_MS = 500;

export class Reconciler {
    readonly #context: ControllerContext;
    readonly #reporter: Reporter;
    readonly #sweeper: Sweeper;
    /** What a probe's verdict depends on, per server: when it changes, the next probe is due at once. */
    readonly #shapes = new Map<string, string>();

    constructor(context: ControllerContext) {
        this.#context = context;
        this.#reporter = new Reporter(context);
        this.#sweeper = new Sweeper(context);
    }

    /** @returns milliseconds after which the server wants another pass even if nothing happens */
    async reconcile(key: string): Promise<number | undefined> {
        const { caches, prober } = this.#context;
        const stored = caches.servers.get(key);
        if (!stored) {
            this.#forget(key);
            return this.#sweeper.sweep(key);
        }
        if (stored.metadata.deletionTimestamp) {
            this.#forget(key);
            return undefined;
        }
        const server = parse(stored);
        if (server instanceof NotAccepted) return this.#refuse(key, stored, server);
        let availability: Availability;
        try {
            availability = await this.#apply(key, server);
        } catch (error) {
            if (error instanceof StillGoing)
                return Math.min((await this.#sweeper.sweep(key, server.metadata.uid)) ?? GOING_AGAIN_MS, GOING_AGAIN_MS);
            if (error instanceof NotAccepted) return this.#refuse(key, stored, error);
            throw error;
        }
        this.#sweeper.settled(key);
        this.#probe(key, server, availability);
        const verification = prober.resultOf(key, server.metadata.uid);
        const status = statusOf(server, { accepted: ACCEPTED, availability, verification, url: this.#urlOf(server), now: new Date() });
        const settling = availability.progressing || (availability.available.status === "True" && !verification);
        return this.#reporter.report(server, status, settling);
    }

    async #apply(key: string, server: MCPServer): Promise<Availability> {
        const { caches, settings } = this.#context;
        const [deployment] = await Promise.all([
            ensure(this.#context, server, DEPLOYMENTS, caches.deployments, buildDeployment(server, settings.platform)),
            ensure(this.#context, server, SERVICES, caches.services, buildService(server)),
        ]);
        const pods = caches.pods.list().filter((pod) => serverKeyOf(pod) === key);
        return availabilityOf(server, deployment, pods);
    }

    #probe(key: string, server: MCPServer, { available, rolledOut }: Availability): void {
        const { prober } = this.#context;
        const { name, uid, generation } = server.metadata;
        if (available.status !== "True") {
            prober.forget(key);
            this.#shapes.delete(key);
            return;
        }
        const shape = [uid, generation, rolledOut].join(" ");
        prober.watch(key, name, uid);
        const before = this.#shapes.get(key);
        this.#shapes.set(key, shape);
        if (before !== undefined && before !== shape) prober.kick(key);
    }

    async #refuse(key: string, stored: StoredServer, { reason, message }: NotAccepted): Promise<number> {
        this.#context.prober.forget(key);
        const server = stored as unknown as MCPServer;
        const accepted: Finding = { status: "False", reason, message };
        const status = statusOf(server, { accepted, availability: undefined, verification: undefined, url: "", now: new Date() });
        return (await this.#reporter.report(server, status, false)) ?? REFUSED_AGAIN_MS;
    }

    #urlOf(server: MCPServer): string {
        const base = this.#context.settings.publicUrl.href.replace(/\/$/, "");
        return `${base}/${server.metadata.name}/mcp`;
    }

    #forget(key: string): void {
        this.#context.prober.forget(key);
        this.#reporter.forget(key);
        this.#shapes.delete(key);
    }
}

/** The server with all defaults; what the API server would refuse today may have been stored under older rules. */
function parse(stored: StoredServer): MCPServer | NotAccepted {
    const parsed = mcpServerSchema.safeParse({ ...stored, apiVersion: API_VERSION, kind: KIND });
    if (parsed.success) return parsed.data;
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    return new NotAccepted("InvalidSpec", `the spec is not valid: ${problems.join("; ").slice(0, 500)}`);
}
