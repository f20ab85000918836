/** Kubernetes Events, for people who run `kubectl describe`. */
import { randomBytes } from "node:crypto";
import { errorText, type Logger } from "../common/log.ts";
import { FIELD_MANAGER } from "./apply.ts";
import type { ApiClient } from "./client.ts";
import { EVENTS, pathOf, type KubernetesObject } from "./objects.ts";

/** The same event about the same object is not recorded again for this long. */
const REPEAT_MS = 10 * 60_000;
const LIMIT = 2000;

export class EventRecorder {
    readonly #client: Pick<ApiClient, "request">;
    readonly #logger: Logger;
    readonly #said = new Map<string, number>();

    constructor(client: Pick<ApiClient, "request">, logger: Logger) {
        this.#client = client;
        this.#logger = logger;
    }

    /** Records what happened to an object; what was recorded within the last ten minutes is left out. Never rejects. */
    async record(about: KubernetesObject, type: "Normal" | "Warning", reason: string, message: string): Promise<void> {
        const key = [about.metadata.uid, reason, message].join("\n");
        const now = Date.now();
        if (now - (this.#said.get(key) ?? 0) < REPEAT_MS) return;
        this.#said.set(key, now);
        if (this.#said.size > LIMIT)
            for (const [old, at] of this.#said) if (now - at > REPEAT_MS || this.#said.size > LIMIT) this.#said.delete(old);
        const { name, namespace = "", uid } = about.metadata;
        const time = new Date(now).toISOString();
        const event = {
            apiVersion: EVENTS.apiVersion,
            kind: EVENTS.kind,
            metadata: { name: `${name.slice(0, 200)}.${now.toString(16)}${randomBytes(3).toString("hex")}`, namespace },
            involvedObject: { apiVersion: about.apiVersion, kind: about.kind, name, namespace, uid },
            type,
            reason,
            message: message.slice(0, 1024),
            source: { component: FIELD_MANAGER },
            reportingComponent: FIELD_MANAGER,
            firstTimestamp: time,
            lastTimestamp: time,
            count: 1,
        };
        try {
            await this.#client.request({ method: "POST", path: pathOf(EVENTS, namespace), body: event });
        } catch (error) {
            this.#logger.warn("an event could not be recorded", { server: name, reason, error: errorText(error) });
        }
    }
}
