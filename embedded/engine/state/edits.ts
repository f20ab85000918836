/** What changed between two versions of a list, as small as the change is. */

/** A run of the earlier list: where it begins, and how many of it. */
type Run = readonly [start: number, count: number];

/**
 * Writes the later list as runs of the earlier one and what is new: the JSON of a list of `[start, count]` and of values.
 * @param before texts of JSON objects, as all of `after` are
 */
export function editOf(before: readonly string[], after: readonly string[]): string {
    const limit = Math.min(before.length, after.length);
    let head = 0;
    while (head < limit && before[head] === after[head]) head++;
    let tail = 0;
    while (tail < limit - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
    const places = new Map<string, number>();
    for (let i = head; i < before.length - tail; i++) places.set(before[i] ?? "", i);

    const parts: string[] = [];
    let [start, count] = [0, head];
    const close = (): void => void (count && parts.push(`[${start},${count}]`));
    for (const text of after.slice(head, after.length - tail)) {
        const place = places.get(text);
        if (place !== undefined && count && place === start + count) {
            count++;
            continue;
        }
        close();
        [start, count] = [place ?? 0, place === undefined ? 0 : 1];
        if (place === undefined) parts.push(text);
    }
    if (tail && count && start + count === before.length - tail) count += tail;
    else {
        close();
        [start, count] = [before.length - tail, tail];
    }
    close();
    return `[${parts.join(",")}]`;
}

/** Makes the later list of the earlier one and what {@link editOf} wrote. Throws when the two do not belong together. */
export function applyEdit<T extends object>(before: readonly T[], edit: readonly (T | Run)[]): T[] {
    return edit.flatMap((part) => {
        if (!Array.isArray(part)) return [part as T];
        const [start, count] = part as unknown as Run;
        const run = before.slice(start, start + count);
        if (run.length !== count) throw new Error("a list of steps does not fit the state it is about");
        return run;
    });
}
