/** As many ConfigMaps as the variable BENCH_RESOURCES says, in the namespace BENCH_NAMESPACE of the cluster in KUBECONFIG. */
import * as k8s from "@pulumi/kubernetes";

const namespace = process.env["BENCH_NAMESPACE"] ?? "default";
const count = Number(process.env["BENCH_RESOURCES"]);
const maps = Array.from(
    { length: count },
    (_, i) => new k8s.core.v1.ConfigMap(`map-${i}`, { metadata: { name: `map-${i}`, namespace }, data: { number: String(i) } }),
);

export const names = maps.map(({ metadata }) => metadata.name);
