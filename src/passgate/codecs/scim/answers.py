"""What is answered beside users and groups: lists, errors, and what this service can do (RFC 7643, sections 5 to 7)."""

from collections.abc import Sequence

from passgate.codecs.scim.problem import ScimError
from passgate.codecs.scim.schema import SCHEMAS, Attribute, Json, Schema

MAX_RESULTS = 200

_LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
_TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"

Answer = dict[str, Json]


def error(problem: ScimError) -> Answer:
    """RFC 7644, section 3.12."""
    kind: Answer = {"scimType": problem.scim_type} if problem.scim_type else {}
    return {"schemas": [_ERROR], "status": str(problem.status), **kind, "detail": str(problem)}


def listing(resources: Sequence[Answer], *, total: int, start: int) -> Answer:
    """Section 3.4.2. ``total``: how many there are in all; ``start`` counts from 1."""
    return {
        "schemas": [_LIST],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(resources),
        "Resources": list[Json](resources),
    }


def service_provider_config(base: str) -> Answer:
    return {
        "schemas": [_CONFIG],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": MAX_RESULTS},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": True},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "The token of identity.directory.credential",
                "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
                "primary": True,
            }
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{base}/ServiceProviderConfig"},
    }


def resource_types(base: str) -> list[Answer]:
    return [
        {
            "schemas": [_TYPE],
            "id": schema.name,
            "name": schema.name,
            "endpoint": schema.endpoint,
            "schema": schema.urn,
            "meta": {"resourceType": "ResourceType", "location": f"{base}/ResourceTypes/{schema.name}"},
        }
        for schema in SCHEMAS
    ]


def schemas(base: str) -> list[Answer]:
    return [_schema(schema, base) for schema in SCHEMAS]


def _schema(schema: Schema, base: str) -> Answer:
    return {
        "schemas": [_SCHEMA],
        "id": schema.urn,
        "name": schema.name,
        "description": f"What is kept of a {schema.name}",
        "attributes": [_attribute(one) for one in schema.attributes],
        "meta": {"resourceType": "Schema", "location": f"{base}/Schemas/{schema.urn}"},
    }


def _attribute(attribute: Attribute) -> Answer:
    """RFC 7643, section 7."""
    inner: Answer = {"subAttributes": [_attribute(one) for one in attribute.inner]} if attribute.inner else {}
    return {
        "name": attribute.name,
        "type": attribute.kind,
        "multiValued": attribute.multi,
        "description": attribute.name,
        "required": attribute.required,
        "caseExact": attribute.case_exact,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "server" if attribute.unique else "none",
        **inner,
    }
