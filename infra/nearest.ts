/** The number of letters to insert, delete or replace to make one word of another. */
function distance(from: string, to: string): number {
    let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
    for (const [row, letter] of [...from].entries()) {
        const current = [row + 1];
        for (const [column, other] of [...to].entries()) {
            const replaced = (previous[column] ?? 0) + (letter === other ? 0 : 1);
            current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
        }
        previous = current;
    }
    return previous[to.length] ?? 0;
}

/** The word that was probably meant, or undefined when none is close. */
export function nearest(word: string, known: readonly string[]): string | undefined {
    const ranked = known
        .map((candidate) => ({ candidate, far: distance(word.toLowerCase(), candidate.toLowerCase()) }))
        .toSorted((a, b) => a.far - b.far);
    const [best] = ranked;
    return best && best.far <= Math.max(1, Math.floor(word.length / 3)) ? best.candidate : undefined;
}
