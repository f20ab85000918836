/** Releases of the images that others publish: what a version is called and which content it is. */

/** One published image: versions by name, each with the digest of its multi-platform index, where one is known. */
export interface Release {
    /** Repository with its registry's host. */
    readonly repository: string;
    /** The version that is used when settings name none. */
    readonly version: string;
    /** `sha256:` digest by version; undefined where the publisher's was not recorded, so that strict production wants one in `images`. */
    readonly digests: Readonly<Record<string, string | undefined>>;
}

const CERT_MANAGER = "v1.21.2";

/** Every image of the platform that is not made from this checkout. */
export const RELEASES = {
    traefik: {
        repository: "docker.io/library/traefik",
        version: "v3.6.7",
        digests: { "v3.6.7": "sha256:a9890c898f379c1905ee5b28342f6b408dc863f08db2dab20e46c267d1ff463a" },
    },
    registry: {
        repository: "docker.io/library/registry",
        version: "3.0.0",
        digests: { "3.0.0": "sha256:6c5666b861f3505b116bb9aa9b25175e71210414bd010d92035ff64018f9457e" },
    },
    certManagerController: {
        repository: "quay.io/jetstack/cert-manager-controller",
        version: CERT_MANAGER,
        digests: { [CERT_MANAGER]: "sha256:70f532fd9cfde0b09d55687200942399d89838bc2d5d5b45152eb799a15912b8" },
    },
    certManagerCainjector: {
        repository: "quay.io/jetstack/cert-manager-cainjector",
        version: CERT_MANAGER,
        digests: { [CERT_MANAGER]: "sha256:c85268c64f2e0e76684bf5fe8906caff34b82523561c6affe0fae3546bd87562" },
    },
    certManagerWebhook: {
        repository: "quay.io/jetstack/cert-manager-webhook",
        version: CERT_MANAGER,
        digests: { [CERT_MANAGER]: "sha256:a60e2dac46dbb8a7f3df95c54ce941012f54c2fe022f0ee55aaa1ab40ed957ae" },
    },
    certManagerSolver: {
        repository: "quay.io/jetstack/cert-manager-acmesolver",
        version: CERT_MANAGER,
        digests: { [CERT_MANAGER]: "sha256:699b40d622211ab7accad8a21b04c5fbaa1841ef7a12621e8de492dbe27b2503" },
    },
    meshRegistry: { repository: "docker.io/mcpmesh/registry", version: "3.6.0", digests: { "3.6.0": undefined } },
    postgres: {
        repository: "docker.io/library/postgres",
        version: "17.6",
        digests: { "17.6": "sha256:00bc86618629af00d2937fdc5a5d63db3ff8450acf52f0636ec813c7f4902929" },
    },
} as const satisfies Record<string, Release>;

export type ReleaseName = keyof typeof RELEASES;

/** A component whose version settings choose, and the images that follow it. */
export const VERSIONED = {
    traefik: ["traefik"],
    registry: ["registry"],
    certManager: ["certManagerController", "certManagerCainjector", "certManagerWebhook", "certManagerSolver"],
    meshRegistry: ["meshRegistry"],
    postgres: ["postgres"],
} as const satisfies Record<string, readonly ReleaseName[]>;

export type VersionedComponent = keyof typeof VERSIONED;

/** Versions by component. */
export type Versions = Readonly<Record<VersionedComponent, string>>;

/** The versions that are known of a component, the default first. */
export function knownVersions(component: VersionedComponent): [string, ...string[]] {
    const { version, digests }: Release = RELEASES[VERSIONED[component][0]];
    return [version, ...Object.keys(digests).filter((other) => other !== version)];
}

/** The reference of a published image: repository, tag, and the digest where it is known. */
export function publishedImage(name: ReleaseName, version: string): string {
    const { repository, digests }: Release = RELEASES[name];
    const digest = digests[version];
    return `${repository}:${version}${digest === undefined ? "" : `@${digest}`}`;
}
