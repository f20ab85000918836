/** How registrations go over the wire: as the SDK sends them, but the properties of a resource stay bytes. */
import proto from "@pulumi/pulumi/proto/resource_pb.js";
import services from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import { RawStruct, takeField, withField } from "../raw-struct.ts";

/** Numbers of the field `object`. */
const REQUEST_OBJECT = 5;
const RESPONSE_OBJECT = 3;

function requestOf(bytes: Buffer): proto.RegisterResourceRequest {
    const taken = takeField(bytes, REQUEST_OBJECT);
    if (!taken) return proto.RegisterResourceRequest.deserializeBinary(bytes);
    const request = proto.RegisterResourceRequest.deserializeBinary(taken.rest);
    request.setObject(new RawStruct(taken.field));
    return clonable(request);
}

/** Clones of protobuf know nothing of bytes that are kept: they are handed on. */
function clonable(request: proto.RegisterResourceRequest): proto.RegisterResourceRequest {
    request.cloneMessage = () => {
        const clone = proto.RegisterResourceRequest.prototype.cloneMessage.call(request) as proto.RegisterResourceRequest;
        const object = request.getObject();
        if (!(object instanceof RawStruct)) return clone;
        clone.setObject(object.copy());
        return clonable(clone);
    };
    return request;
}

function bytesOf(response: proto.RegisterResourceResponse): Buffer {
    const object = response.getObject();
    if (!(object instanceof RawStruct) || object.isOpen) return Buffer.from(response.serializeBinary());
    response.clearObject();
    return withField(response.serializeBinary(), RESPONSE_OBJECT, object.bytes);
}

const service = services.ResourceMonitorService;

/** The service's definition for a server. */
export const monitorDefinition: typeof service = {
    ...service,
    registerResource: { ...service.registerResource, requestDeserialize: requestOf, responseSerialize: bytesOf },
};
