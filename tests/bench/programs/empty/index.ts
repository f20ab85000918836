/** A program that declares nothing: what the engine and the SDK take by themselves. */
export const nothing = true;
