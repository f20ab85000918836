import { at, isJsonObject, listAt, stringAt, type Manifest } from "../manifest.ts";
import { READY, waiting, type Related, type Rule, type Verdict } from "./verdict.ts";

/** As long as endpoints may still be on their way. Milliseconds. */
const SETTLE_MS = 10_000;

function endpointsVerdict(slices: readonly Manifest[]): Verdict {
    const endpoints = slices.flatMap((slice) => listAt(slice, "endpoints"));
    const ready = endpoints.filter((endpoint) => at(endpoint, "conditions", "ready") !== false).length;
    const pending = endpoints.filter(
        (endpoint) => at(endpoint, "conditions", "ready") === false && at(endpoint, "conditions", "terminating") !== true,
    ).length;
    if (pending) return waiting(`${ready} of ${ready + pending} pods ready`);
    if (ready) return READY;
    return { state: "settling", text: "no pods found for its selector so far", ms: SETTLE_MS };
}

/** Whether pods are to be behind a Service: not so for external names, headless Services and those without selector. */
function hasPods(service: Manifest): boolean {
    const selector = at(service, "spec", "selector");
    if (stringAt(service, "spec", "type") === "ExternalName" || stringAt(service, "spec", "clusterIP") === "None") return false;
    return isJsonObject(selector) && Object.keys(selector).length > 0;
}

export const service: Rule = {
    related: (object) => (hasPods(object) ? { slices: { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice" } } : {}),
    judge(object, { slices = [] }) {
        if (stringAt(object, "spec", "type") === "LoadBalancer" && !listAt(object, "status", "loadBalancer", "ingress").length) {
            return waiting("for the load balancer's address: does this cluster have a load balancer?");
        }
        const own = slices.filter(({ metadata }) => metadata.labels?.["kubernetes.io/service-name"] === object.metadata.name);
        return hasPods(object) ? endpointsVerdict(own) : READY;
    },
};

/** Names of the Services that the paths of an Ingress lead to. */
function backends(ingress: Manifest): string[] {
    const paths = listAt(ingress, "spec", "rules").flatMap((rule) => listAt(rule, "http", "paths"));
    return [...new Set(paths.map((path) => stringAt(path, "backend", "service", "name")).filter(Boolean))];
}

function missingBackends(ingress: Manifest, { services = [], slices = [] }: Related): string[] {
    const external = new Set(
        services.filter((entry) => stringAt(entry, "spec", "type") === "ExternalName").map(({ metadata }) => metadata.name),
    );
    const served = new Set(slices.map(({ metadata }) => metadata.labels?.["kubernetes.io/service-name"]));
    return backends(ingress).filter((name) => !external.has(name) && !served.has(name));
}

export const ingress: Rule = {
    related: () => ({
        services: { apiVersion: "v1", kind: "Service" },
        slices: { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice" },
    }),
    judge(object, related) {
        if (!listAt(object, "status", "loadBalancer", "ingress").length) {
            return waiting(
                'for the ingress controller to publish an address. If it never does, set the annotation pulumi.com/skipAwait: "true"',
            );
        }
        const missing = missingBackends(object, related);
        return missing.length ? { state: "settling", text: `no Service ${missing.join(", ")} so far`, ms: SETTLE_MS } : READY;
    },
};
