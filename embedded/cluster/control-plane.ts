/** The control plane's programs with their arguments. Pure. */
import { join } from "node:path";
import { ADDRESSES } from "./plan.ts";

export interface ControlPlaneSettings {
    readonly pki: string;
    readonly etc: string;
    readonly logs: string;
    readonly etcdData: string;
    readonly etcdPort: number;
    readonly etcdPeerPort: number;
    /** Without a network namespace of its own etcd needs TLS: any user of the machine reaches its port. */
    readonly etcdTls: boolean;
    readonly address: string;
    readonly port: number;
    readonly kubernetes: string;
    readonly etcd: string;
}

export function etcdArgv(s: ControlPlaneSettings): string[] {
    const scheme = s.etcdTls ? "https" : "http";
    const client = `${scheme}://127.0.0.1:${s.etcdPort}`;
    const peer = `${scheme}://127.0.0.1:${s.etcdPeerPort}`;
    const tls = ["", "peer-"].flatMap((prefix) => [
        `--${prefix}cert-file=${s.pki}/etcd.crt`,
        `--${prefix}key-file=${s.pki}/etcd.key`,
        `--${prefix}trusted-ca-file=${s.pki}/etcd-ca.crt`,
        `--${prefix}client-cert-auth=true`,
    ]);
    return [
        join(s.etcd, "etcd"),
        "--name=etcd",
        `--data-dir=${s.etcdData}`,
        `--listen-client-urls=${client}`,
        `--advertise-client-urls=${client}`,
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        `--initial-cluster=etcd=${peer}`,
        "--log-level=warn",
        // What a killed process has written stays in the page cache: only a crash of the machine can lose it.
        "--unsafe-no-fsync",
        ...(s.etcdTls ? tls : []),
    ];
}

export function apiServerArgv(s: ControlPlaneSettings): string[] {
    const { pki } = s;
    return [
        join(s.kubernetes, "kube-apiserver"),
        `--etcd-servers=${s.etcdTls ? "https" : "http"}://127.0.0.1:${s.etcdPort}`,
        ...(s.etcdTls ? [`--etcd-cafile=${pki}/etcd-ca.crt`, `--etcd-certfile=${pki}/etcd.crt`, `--etcd-keyfile=${pki}/etcd.key`] : []),
        `--bind-address=${s.address}`,
        `--advertise-address=${s.address}`,
        `--secure-port=${s.port}`,
        `--tls-cert-file=${pki}/apiserver.crt`,
        `--tls-private-key-file=${pki}/apiserver.key`,
        `--client-ca-file=${pki}/ca.crt`,
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        `--service-account-key-file=${pki}/sa.pub`,
        `--service-account-signing-key-file=${pki}/sa.key`,
        `--service-cluster-ip-range=${ADDRESSES.serviceNetwork}`,
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        `--kubelet-client-certificate=${pki}/apiserver-kubelet.crt`,
        `--kubelet-client-key=${pki}/apiserver-kubelet.key`,
        `--kubelet-certificate-authority=${pki}/ca.crt`,
        "--kubelet-preferred-address-types=InternalIP",
        `--requestheader-client-ca-file=${pki}/front-proxy-ca.crt`,
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        `--proxy-client-cert-file=${pki}/front-proxy-client.crt`,
        `--proxy-client-key-file=${pki}/front-proxy-client.key`,
        "--enable-aggregator-routing=true",
        "--profiling=false",
        `--audit-policy-file=${s.etc}/audit-policy.json`,
        `--audit-log-path=${s.logs}/audit.log`,
        "--audit-log-maxsize=10",
        "--audit-log-maxbackup=1",
        // An address on the loopback interface is no endpoint of the Service "kubernetes".
        ...(s.address.startsWith("127.") ? ["--endpoint-reconciler-type=none"] : []),
    ];
}

export function controllerManagerArgv(s: ControlPlaneSettings): string[] {
    return [
        join(s.kubernetes, "kube-controller-manager"),
        `--kubeconfig=${s.pki}/controller-manager.kubeconfig`,
        "--secure-port=0",
        `--root-ca-file=${s.pki}/ca.crt`,
        `--service-account-private-key-file=${s.pki}/sa.key`,
        "--use-service-account-credentials=true",
        `--cluster-signing-cert-file=${s.pki}/ca.crt`,
        `--cluster-signing-key-file=${s.pki}/ca.key`,
        "--allocate-node-cidrs=false", // the Node objects come with theirs
        "--leader-elect=false",
        "--profiling=false",
        // The default rate delays the first ServiceAccounts, and with them the first pods, by several seconds.
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
    ];
}

export function schedulerArgv(s: ControlPlaneSettings): string[] {
    return [
        join(s.kubernetes, "kube-scheduler"),
        `--kubeconfig=${s.pki}/scheduler.kubeconfig`,
        "--secure-port=0",
        "--leader-elect=false",
        "--profiling=false",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
    ];
}

/** Writes are logged, one line each without bodies; reads, leases, events and access reviews are not. */
export const AUDIT_POLICY = {
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived"],
    rules: [
        { level: "None", verbs: ["get", "list", "watch"] },
        {
            level: "None",
            resources: [
                { group: "", resources: ["events"] },
                { group: "events.k8s.io", resources: ["events"] },
                { group: "coordination.k8s.io", resources: ["leases"] },
                { group: "authentication.k8s.io" },
                { group: "authorization.k8s.io" },
            ],
        },
        { level: "Metadata" },
    ],
};
