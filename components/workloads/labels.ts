/** Labels of everything the program makes: https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/ */
export const partOf = { "app.kubernetes.io/part-of": "mcp-platform", "app.kubernetes.io/managed-by": "pulumi" } as const;

/** The label that Services, Deployments and policies select a workload's pods by. */
export function selectorOf(workload: string): { "app.kubernetes.io/name": string } {
    return { "app.kubernetes.io/name": workload };
}

/** All labels of a workload's objects. */
export function labelsOf(workload: string): Record<string, string> {
    return { ...selectorOf(workload), ...partOf };
}
