/** What kind applies to every new cluster out of its node image: the pod network and the default StorageClass. */

/** The images of these objects, and of nothing else. They are in the node image; no registry has them. */
export const manifestImages = {
    podNetwork: "localhost/mcp-platform/kind-pod-network:1",
    provisioner: "localhost/mcp-platform/local-path-provisioner:1",
    volumeHelper: "localhost/mcp-platform/kind-volume-helper:1",
} as const;

type Manifest = Readonly<Record<string, unknown>>;

const NETWORK = { name: "pod-network", namespace: "kube-system" };
const STORAGE = { name: "local-path-provisioner", namespace: "local-path-storage" };

const rbac = "rbac.authorization.k8s.io";

/** A ServiceAccount that may do what `rules` say, everywhere. */
const account = (metadata: { readonly name: string; readonly namespace: string }, rules: readonly object[]): Manifest[] => [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    { apiVersion: `${rbac}/v1`, kind: "ClusterRole", metadata: { name: metadata.name }, rules },
    {
        apiVersion: `${rbac}/v1`,
        kind: "ClusterRoleBinding",
        metadata: { name: metadata.name },
        roleRef: { apiGroup: rbac, kind: "ClusterRole", name: metadata.name },
        subjects: [{ kind: "ServiceAccount", ...metadata }],
    },
];

const rule = (apiGroup: string, resources: string[], verbs: string[]): object => ({ apiGroups: [apiGroup], resources, verbs });

const read = ["get", "list", "watch"];

const network: readonly Manifest[] = [
    ...account(NETWORK, [rule("", ["nodes"], ["list", "watch"])]),
    {
        apiVersion: "apps/v1",
        kind: "DaemonSet",
        metadata: NETWORK,
        spec: {
            selector: { matchLabels: { app: NETWORK.name } },
            template: {
                metadata: { labels: { app: NETWORK.name } },
                spec: {
                    hostNetwork: true,
                    priorityClassName: "system-node-critical",
                    serviceAccountName: NETWORK.name,
                    tolerations: [{ operator: "Exists" }],
                    containers: [
                        {
                            name: NETWORK.name,
                            image: manifestImages.podNetwork,
                            imagePullPolicy: "Never",
                            // kind puts the two braces' content in, and adds CONTROL_PLANE_ENDPOINT.
                            env: [
                                { name: "POD_SUBNET", value: "{{ .PodSubnet }}" },
                                { name: "HOST_IP", valueFrom: { fieldRef: { fieldPath: "status.hostIP" } } },
                            ],
                            securityContext: {
                                allowPrivilegeEscalation: false,
                                readOnlyRootFilesystem: true,
                                capabilities: { drop: ["ALL"], add: ["NET_ADMIN"] },
                            },
                            volumeMounts: [{ name: "configuration", mountPath: "/etc/cni/net.d" }],
                        },
                    ],
                    volumes: [{ name: "configuration", hostPath: { path: "/etc/cni/net.d", type: "DirectoryOrCreate" } }],
                },
            },
        },
    },
];

const helperPod: Manifest = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "volume-helper" },
    spec: {
        priorityClassName: "system-node-critical",
        containers: [{ name: "volume-helper", image: manifestImages.volumeHelper, imagePullPolicy: "Never" }],
    },
};

const configuration = {
    nodePathMap: [{ node: "DEFAULT_PATH_FOR_NON_LISTED_NODES", paths: ["/var/local-path-provisioner"] }],
    setupCommand: "/setup",
    teardownCommand: "/teardown",
};

const storage: readonly Manifest[] = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: STORAGE.namespace } },
    ...account(STORAGE, [
        rule("", ["nodes", "persistentvolumeclaims", "configmaps"], read),
        rule("", ["pods", "pods/log"], [...read, "create", "delete"]),
        rule("", ["persistentvolumes"], [...read, "create", "patch", "update", "delete"]),
        rule("", ["events"], ["create", "patch"]),
        rule("storage.k8s.io", ["storageclasses"], read),
    ]),
    {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: STORAGE,
        data: { "config.json": JSON.stringify(configuration), "helperPod.yaml": JSON.stringify(helperPod) },
    },
    {
        apiVersion: "storage.k8s.io/v1",
        kind: "StorageClass",
        metadata: { name: "standard", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
        provisioner: "rancher.io/local-path",
        volumeBindingMode: "WaitForFirstConsumer",
        reclaimPolicy: "Delete",
    },
    {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: STORAGE,
        spec: {
            selector: { matchLabels: { app: STORAGE.name } },
            template: {
                metadata: { labels: { app: STORAGE.name } },
                spec: {
                    serviceAccountName: STORAGE.name,
                    tolerations: [{ key: "node-role.kubernetes.io/control-plane", operator: "Exists", effect: "NoSchedule" }],
                    containers: [
                        {
                            name: STORAGE.name,
                            image: manifestImages.provisioner,
                            imagePullPolicy: "Never",
                            args: [
                                "start",
                                "--config=/etc/config/config.json",
                                `--configmap-name=${STORAGE.name}`,
                                `--service-account-name=${STORAGE.name}`,
                                `--helper-image=${manifestImages.volumeHelper}`,
                            ],
                            env: [
                                { name: "POD_NAMESPACE", value: STORAGE.namespace },
                                { name: "CONFIG_MOUNT_PATH", value: "/etc/config/" },
                            ],
                            volumeMounts: [{ name: "configuration", mountPath: "/etc/config" }],
                        },
                    ],
                    volumes: [{ name: "configuration", configMap: { name: STORAGE.name } }],
                },
            },
        },
    },
];

/** Several objects in one file, each by itself, for kind patches them one by one. */
const file = (comments: readonly string[], objects: readonly Manifest[]): string =>
    [comments.map((comment) => `# ${comment}\n`).join(""), ...objects.map((object) => `${JSON.stringify(object, undefined, 1)}\n`)].join(
        "---\n",
    );

/** The files of a node image below /kind/manifests; the two sentences ask kind to fill in what only it knows. */
export const manifests: Readonly<Record<string, string>> = {
    "default-cni.yaml": file(["would you kindly template this file", "would you kindly patch this file"], network),
    "default-storage.yaml": file([], storage),
};
