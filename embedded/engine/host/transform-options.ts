/** Options of a registration as transforms are told them and answer them. */
import aliases, { type Alias } from "@pulumi/pulumi/proto/alias_pb.js";
import proto, { type RegisterResourceRequest, type TransformResourceOptions } from "@pulumi/pulumi/proto/resource_pb.js";

/** The options of a request. */
export function optionsOf(request: RegisterResourceRequest): TransformResourceOptions {
    const options = new proto.TransformResourceOptions();
    options.setImport(request.getImportid());
    options.setDependsOnList(request.getDependenciesList());
    if (request.hasProtect()) options.setProtect(request.getProtect() ?? false);
    options.setIgnoreChangesList(request.getIgnorechangesList());
    options.setReplaceOnChangesList(request.getReplaceonchangesList());
    options.setReplacementTrigger(request.getReplacementTrigger());
    options.setVersion(request.getVersion());
    options.setAliasesList([...request.getAliasurnsList().map(urnAlias), ...request.getAliasesList()]);
    options.setProvider(request.getProvider());
    request.getProvidersMap().forEach((reference, key) => options.getProvidersMap().set(key, reference));
    options.setHideDiffList(request.getHidediffsList());
    options.setCustomTimeouts(request.getCustomtimeouts());
    options.setPluginDownloadUrl(request.getPlugindownloadurl());
    if (request.hasRetainondelete()) options.setRetainOnDelete(request.getRetainondelete() ?? false);
    options.setDeletedWith(request.getDeletedwith());
    options.setReplaceWithList(request.getReplaceWithList());
    if (request.getDeletebeforereplacedefined()) options.setDeleteBeforeReplace(request.getDeletebeforereplace());
    options.setAdditionalSecretOutputsList(request.getAdditionalsecretoutputsList());
    options.setHooks(request.getHooks());
    return options;
}

function urnAlias(urn: string): Alias {
    const alias = new aliases.Alias();
    alias.setUrn(urn);
    return alias;
}

/**
 * What a transform answered, completed with what the SDK cannot say in its answer: it leaves out the providers of
 * components and the hidden differences, and says false where nothing had been decided.
 */
export function completed(answer: TransformResourceOptions | undefined, before: TransformResourceOptions): TransformResourceOptions {
    if (!answer) return before;
    const result = answer.cloneMessage();
    if (!result.getHideDiffList().length) result.setHideDiffList(before.getHideDiffList());
    if (!before.hasDeleteBeforeReplace() && !result.getDeleteBeforeReplace()) result.clearDeleteBeforeReplace();
    if (!before.hasProtect() && !result.getProtect()) result.clearProtect();
    if (!before.hasRetainOnDelete() && !result.getRetainOnDelete()) result.clearRetainOnDelete();
    return result;
}

/** Writes options into a request. */
export function setOptions(request: RegisterResourceRequest, options: TransformResourceOptions): void {
    request.setImportid(options.getImport());
    if (options.hasProtect()) request.setProtect(options.getProtect() ?? false);
    else request.clearProtect();
    request.setIgnorechangesList(options.getIgnoreChangesList());
    request.setReplaceonchangesList(options.getReplaceOnChangesList());
    request.setReplacementTrigger(options.getReplacementTrigger());
    request.setVersion(options.getVersion());
    request.setAliasesList(options.getAliasesList());
    request.clearAliasurnsList();
    request.setProvider(options.getProvider());
    request.setHidediffsList(options.getHideDiffList());
    request.setCustomtimeouts(options.getCustomTimeouts());
    request.setPlugindownloadurl(options.getPluginDownloadUrl());
    if (options.hasRetainOnDelete()) request.setRetainondelete(options.getRetainOnDelete() ?? false);
    else request.clearRetainondelete();
    request.setDeletedwith(options.getDeletedWith());
    request.setReplaceWithList(options.getReplaceWithList());
    request.setDeletebeforereplacedefined(options.hasDeleteBeforeReplace());
    request.setDeletebeforereplace(options.getDeleteBeforeReplace() ?? false);
    request.setAdditionalsecretoutputsList(options.getAdditionalSecretOutputsList());
    request.setHooks(options.getHooks());
}
