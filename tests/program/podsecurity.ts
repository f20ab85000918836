/** The restricted Pod Security Standard, version 1.37, for Linux pods: https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
type Fields = Record<string, unknown>;

const VOLUMES = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];

const fields = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {});

/** What a pod's `spec` breaks, one phrase each. */
export function violations(spec: Fields): string[] {
    const found: string[] = [];
    const pod = fields(spec["securityContext"]);
    for (const field of ["hostNetwork", "hostPID", "hostIPC"]) if (spec[field]) found.push(field);
    if (fields(pod["seccompProfile"])["type"] !== "RuntimeDefault") found.push("seccompProfile");
    for (const volume of (spec["volumes"] ?? []) as Fields[]) {
        const kinds = Object.keys(volume).filter((key) => key !== "name");
        if (kinds.length !== 1 || !kinds.every((kind) => VOLUMES.includes(kind))) found.push(`volume ${String(volume["name"])}`);
    }
    const containers = [...((spec["initContainers"] ?? []) as Fields[]), ...((spec["containers"] ?? []) as Fields[])];
    if (containers.length === 0) found.push("no containers");
    for (const container of containers) {
        const context = fields(container["securityContext"]);
        const capabilities = fields(context["capabilities"]);
        if (context["privileged"]) found.push("privileged");
        if (context["allowPrivilegeEscalation"] !== false) found.push("allowPrivilegeEscalation");
        if (JSON.stringify(capabilities["drop"]) !== '["ALL"]') found.push("capabilities.drop");
        if (((capabilities["add"] ?? []) as string[]).some((name) => name !== "NET_BIND_SERVICE")) found.push("capabilities.add");
        if ((context["runAsNonRoot"] ?? pod["runAsNonRoot"]) !== true) found.push("runAsNonRoot");
        if ((context["runAsUser"] ?? pod["runAsUser"]) === 0) found.push("runAsUser");
        for (const port of (container["ports"] ?? []) as Fields[]) if (port["hostPort"]) found.push("hostPort");
    }
    return found;
}

/** What the platform asks of its own pods beyond the standard. */
export function houseViolations(spec: Fields): string[] {
    const found: string[] = [];
    if (spec["enableServiceLinks"] !== false) found.push("enableServiceLinks");
    if (typeof spec["automountServiceAccountToken"] !== "boolean") found.push("automountServiceAccountToken");
    if (!spec["serviceAccountName"]) found.push("serviceAccountName");
    for (const container of (spec["containers"] ?? []) as Fields[]) {
        if (fields(container["securityContext"])["readOnlyRootFilesystem"] !== true) found.push("readOnlyRootFilesystem");
        for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) if (!container[probe]) found.push(probe);
        const resources = fields(container["resources"]);
        for (const kind of ["requests", "limits"]) {
            for (const name of ["cpu", "memory"]) if (!fields(resources[kind])[name]) found.push(`${kind}.${name}`);
        }
        if (!/(:[^/]+|@sha256:.+)$/.test(String(container["image"])) || String(container["image"]).endsWith(":latest"))
            found.push("image tag");
    }
    return found;
}
