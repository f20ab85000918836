/** The JSON of Pulumi's deployments and checkpoints (`apitype.DeploymentV3` and its parts in Pulumi's Go SDK). */

export interface ManifestV1 {
    readonly time: string;
    readonly magic: string;
    readonly version: string;
}

export interface SecretsProvidersV1 {
    readonly type: "passphrase";
    readonly state: { readonly salt: string };
}

/** A property value as stored: secrets are `{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": …}`. */
export type StoredValue = null | boolean | number | string | StoredValue[] | { [key: string]: StoredValue };

export interface ResourceV3 {
    urn: string;
    custom: boolean;
    delete?: boolean;
    id?: string;
    type: string;
    inputs?: Record<string, StoredValue>;
    outputs?: Record<string, StoredValue>;
    parent?: string;
    protect?: boolean;
    taint?: boolean;
    external?: boolean;
    dependencies?: string[];
    initErrors?: string[];
    provider?: string;
    propertyDependencies?: Record<string, string[]>;
    pendingReplacement?: boolean;
    additionalSecretOutputs?: string[];
    aliases?: string[];
    customTimeouts?: { create?: number; update?: number; delete?: number; read?: number };
    importID?: string;
    retainOnDelete?: boolean;
    deletedWith?: string;
    replaceWith?: string[];
    created?: string;
    modified?: string;
    sourcePosition?: string;
    ignoreChanges?: string[];
    replaceOnChanges?: string[];
    hideDiff?: string[];
    replacementTrigger?: StoredValue;
    refreshBeforeUpdate?: boolean;
    /** By moment, as Pulumi writes them: `BeforeCreate`, `OnError`. */
    resourceHooks?: Record<string, string[]>;
}

export interface OperationV2 {
    resource: ResourceV3;
    type: "creating" | "updating" | "deleting" | "reading" | "importing";
}

export interface DeploymentV3 {
    manifest: ManifestV1;
    secrets_providers?: SecretsProvidersV1;
    resources?: ResourceV3[];
    pending_operations?: OperationV2[];
    metadata: Record<string, never>;
}

/** What `stack export` prints. */
export interface UntypedDeployment {
    version: 3;
    deployment: DeploymentV3;
}

/** The file `.pulumi/stacks/PROJECT/STACK.json`. */
export interface VersionedCheckpoint {
    version: 3;
    checkpoint: { stack: string; latest?: DeploymentV3 };
}
