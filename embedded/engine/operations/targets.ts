/** Whether `--target` and `--exclude` name something. */
import type { Deployment } from "../deployment/deployment.ts";

/**
 * Reports what names no resource of the state or of this run: an error for the options given, a warning for the other
 * one and for patterns. Answers whether the operation may go on.
 */
export function targetsExist({ asked, reporter, run, selection }: Deployment, strict: readonly ("--target" | "--exclude")[]): boolean {
    if (!selection.constrained) return true;
    const { option } = selection;
    let exist = true;
    for (const pattern of selection.unmatched([...run.snapshot.resources.map(({ urn }) => urn), ...asked])) {
        const literal = strict.includes(option) && !pattern.includes("*");
        if (literal) exist = false;
        const hint =
            pattern.includes("$") || pattern.includes("*")
                ? ""
                : " Names of resources in components hold a $, which shells take away unless it is quoted.";
        reporter.diagnostic(literal ? "error" : "warning", `${option} ${pattern} names no resource of the stack.${hint}`);
    }
    return exist;
}
