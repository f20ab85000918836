import type * as kubernetes from "@pulumi/kubernetes";

type CustomResourceArgs = kubernetes.apiextensions.CustomResourceArgs;

const TRAEFIK_API = "traefik.io/v1alpha1";

/** What the edge does to requests for the platform's hosts before it passes them on. */
export interface RoutePolicy {
    /** Plain HTTP is answered with the same address under https. */
    readonly redirect: boolean;
    /** Browsers are told to use https from now on. Only with certificates that they trust. */
    readonly strictTransport: boolean;
}

/** A Middleware of ours: its name, and its `spec`. */
interface RouteMiddleware {
    readonly name: string;
    readonly spec: Readonly<Record<string, unknown>>;
}

const YEAR_IN_SECONDS = 365 * 24 * 60 * 60;

/**
 * The Middlewares of a policy, in the order in which they act. They are named by routes and belong to no entry point, so
 * that the routes of ACME challenges, which cert-manager makes for itself, are served over plain HTTP as they must be.
 */
export function middlewaresOf({ redirect, strictTransport }: RoutePolicy): RouteMiddleware[] {
    return [
        ...(redirect ? [{ name: "https-redirect", spec: { redirectScheme: { scheme: "https", permanent: true } } }] : []),
        ...(strictTransport
            ? [{ name: "strict-transport", spec: { headers: { stsSeconds: YEAR_IN_SECONDS, contentTypeNosniff: true } } }]
            : []),
    ];
}

/** A Middleware as a custom resource. */
export function middlewareArgs(
    { name, spec }: RouteMiddleware,
    namespace: string,
    labels: Readonly<Record<string, string>>,
): CustomResourceArgs {
    return { apiVersion: TRAEFIK_API, kind: "Middleware", metadata: { name, namespace, labels: { ...labels } }, spec };
}

/** Annotations that put an Ingress behind the Middlewares of a policy, wherever the Ingress is. */
export function routeAnnotations(policy: RoutePolicy, namespace: string): Readonly<Record<string, string>> {
    const names = middlewaresOf(policy).map(({ name }) => `${namespace}-${name}@kubernetescrd`);
    return names.length ? { "traefik.ingress.kubernetes.io/router.middlewares": names.join(",") } : {};
}
