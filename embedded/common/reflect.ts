/** Lets libraries that describe their classes by decorators run without the reflection package they expect. */
type Key = string | symbol;

interface Metadata {
    defineMetadata?(key: Key, value: unknown, target: object): void;
    getOwnMetadata?(key: Key, target: object): unknown;
    getMetadata?(key: Key, target: object): unknown;
}

/**
 * Gives the X.509 library the one thing it asks of its host before it is loaded: reflection metadata. It is stored for
 * the classes that the library registers by decorator, so these few functions are all of it that is used.
 */
export function installReflection(): void {
    const reflect = Reflect as Metadata;
    if (reflect.getMetadata) return;
    const store = new WeakMap<object, Map<Key, unknown>>();
    reflect.defineMetadata = (key, value, target) => {
        store.set(target, (store.get(target) ?? new Map<Key, unknown>()).set(key, value));
    };
    reflect.getOwnMetadata = (key, target) => store.get(target)?.get(key);
    reflect.getMetadata = (key, target) => {
        for (let owner: object | null = target; owner; owner = Reflect.getPrototypeOf(owner)) {
            const found = store.get(owner);
            if (found?.has(key)) return found.get(key);
        }
        return undefined;
    };
}
