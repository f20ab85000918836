/**
 * Assets and archives: files and texts as property values. They travel as the SDK sends them, with a hash of their
 * contents added, so that a changed file is a changed input.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { UserError, messageOf } from "../common/errors.ts";
import { isObject, Secret, type PropertyMap, type PropertyValue } from "./values.ts";
import { SIGNATURE_KEY, signatures } from "./wire.ts";

/**
 * The values with a hash in every asset and archive.
 * @param folder says what their relative paths are relative to
 */
export async function withHashes(map: PropertyMap, folder: () => string): Promise<PropertyMap> {
    if (!holdsAssets(map)) return map;
    return (await hashed(map, folder())) as PropertyMap;
}

function isAsset(value: PropertyMap): boolean {
    return value[SIGNATURE_KEY] === signatures.asset || value[SIGNATURE_KEY] === signatures.archive;
}

function holdsAssets(value: PropertyValue): boolean {
    if (value instanceof Secret) return holdsAssets(value.value);
    if (Array.isArray(value)) return value.some(holdsAssets);
    return isObject(value) && (isAsset(value) || Object.values(value).some(holdsAssets));
}

async function hashed(value: PropertyValue, folder: string): Promise<PropertyValue> {
    if (value instanceof Secret) return new Secret(await hashed(value.value, folder));
    if (Array.isArray(value)) return await Promise.all(value.map((item: PropertyValue) => hashed(item, folder)));
    if (!isObject(value)) return value;
    if (isAsset(value)) return { ...value, hash: await hashOf(value, folder) };
    return Object.fromEntries(
        await Promise.all(Object.entries(value).map(async ([key, item]) => [key, await hashed(item, folder)] as const)),
    );
}

/** SHA-256 of the contents, in hexadecimal. */
async function hashOf(asset: PropertyMap, folder: string): Promise<string> {
    const { path, text, assets, uri } = asset;
    if (typeof uri === "string")
        throw new UserError(`An asset of the program is at ${uri}: remote assets are not supported by the embedded engine. Use a file.`);
    const hash = createHash("sha256");
    if (typeof text === "string") hash.update(text);
    else if (typeof path === "string") await update(hash, resolve(folder, path), path);
    else if (isObject(assets)) {
        for (const [name, item] of Object.entries(assets).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
            if (isObject(item)) hash.update(`${name}\0${await hashOf(item, folder)}\0`);
        }
    }
    return hash.digest("hex");
}

async function update(hash: ReturnType<typeof createHash>, path: string, shown: string): Promise<void> {
    try {
        if ((await stat(path)).isFile()) {
            hash.update(await readFile(path));
            return;
        }
        for (const name of (await readdir(path)).toSorted()) {
            hash.update(`${name}\0`);
            await update(hash, join(path, name), shown);
        }
    } catch (error) {
        throw error instanceof UserError
            ? error
            : new UserError(`The file or folder "${shown}" of an asset cannot be read: ${messageOf(error)}`);
    }
}
