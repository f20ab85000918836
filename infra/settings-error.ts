/** Settings that cannot be used. Its message lists all that is wrong with them. */
export class SettingsError extends Error {
    // What the commands show as a sentence, without a stack.
    override readonly name = "UserError";
    /** One sentence for each problem, each beginning with the setting's key. */
    readonly problems: readonly string[];

    constructor(problems: readonly string[]) {
        const count = problems.length === 1 ? "a setting is wrong" : `${problems.length} settings are wrong`;
        super(`${count}:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
        this.problems = problems;
    }
}
