/** The annotation of Ingresses by which Traefik's provider of Ingresses knows Middlewares. */
const MIDDLEWARES = "traefik.ingress.kubernetes.io/router.middlewares";

/** What the edge does to requests for the platform's hosts before it passes them on. */
export interface RoutePolicy {
    /** Plain HTTP is answered with the same address under https. */
    readonly redirect: boolean;
    /** Where clients find https. Default 443. */
    readonly httpsPort?: number;
    /** Browsers are told to use https from now on. Only with certificates that they trust. */
    readonly strictTransport: boolean;
}

/**
 * The policy for hosts that clients are told to reach at `publicUrl`: who is told https is kept to it. A browser keeps a host
 * to https on every port, so that it is told so only where https has its own.
 * @param trusted whether browsers trust the certificates without being told to
 */
export function routePolicyOf(publicUrl: string, trusted: boolean): RoutePolicy {
    const { protocol, port } = new URL(publicUrl);
    const redirect = protocol === "https:";
    const httpsPort = redirect && port !== "" ? Number(port) : 443;
    return { redirect, httpsPort, strictTransport: redirect && trusted && httpsPort === 443 };
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
export function middlewaresOf({ redirect, httpsPort = 443, strictTransport }: RoutePolicy): RouteMiddleware[] {
    const redirectScheme = { scheme: "https", permanent: true, ...(httpsPort === 443 ? {} : { port: String(httpsPort) }) };
    return [
        ...(redirect ? [{ name: "https-redirect", spec: { redirectScheme } }] : []),
        ...(strictTransport
            ? [{ name: "strict-transport", spec: { headers: { stsSeconds: YEAR_IN_SECONDS, contentTypeNosniff: true } } }]
            : []),
    ];
}

/**
 * Whether Traefik has custom resources to read, and needs its definitions for them.
 * @param others whether there are some beside the Middlewares of the policy, such as a ServersTransport
 */
export const readsCustomResources = (policy: RoutePolicy, others: boolean): boolean => others || middlewaresOf(policy).length > 0;

/** Annotations that put an Ingress behind the Middlewares of a policy, wherever the Ingress is. */
export function routeAnnotations(policy: RoutePolicy, namespace: string): Readonly<Record<string, string>> {
    const names = middlewaresOf(policy).map(({ name }) => `${namespace}-${name}@kubernetescrd`);
    return names.length ? { [MIDDLEWARES]: names.join(",") } : {};
}
