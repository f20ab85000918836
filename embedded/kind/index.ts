/** kind and its nodes without a container registry: built from Go modules and Debian packages, loaded into Docker or podman. */
export { loadNodeImage, nodeImageReference, type LoadOptions, type Provider } from "./load.ts";
export { buildNodeImage, builtNodeImage, type NodeImage } from "./node-image.ts";
export { buildKindTools, builtKindTools, secondsToBuildKind } from "./parts.ts";
export { missingPackages } from "./rootfs.ts";
