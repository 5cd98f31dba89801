/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/varlink-service.c - refusals as errors, and what every Varlink service answers.
 */
#include "config.h"

#include "codec/varlink.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "codec/fields.h"
#include "codec/wire.h"

#define SERVICE "org.varlink.service"

/* https://varlink.org/Service */
static const char service_description[] =
	"# The Varlink Service Interface is provided by every varlink service. It\n"
	"# describes the service and the interfaces it implements.\n"
	"interface org.varlink.service\n"
	"\n"
	"# Get a list of all the interfaces a service provides and information\n"
	"# about the implementation.\n"
	"method GetInfo() -> (\n"
	"  vendor: string,\n"
	"  product: string,\n"
	"  version: string,\n"
	"  url: string,\n"
	"  interfaces: []string\n"
	")\n"
	"\n"
	"# Get the description of an interface that is implemented by this service.\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n"
	"\n"
	"# The requested interface was not found.\n"
	"error InterfaceNotFound (interface: string)\n"
	"\n"
	"# The requested method was not found\n"
	"error MethodNotFound (method: string)\n"
	"\n"
	"# The interface defines the requested method, but the service does not\n"
	"# implement it.\n"
	"error MethodNotImplemented (method: string)\n"
	"\n"
	"# One of the passed parameters is invalid.\n"
	"error InvalidParameter (parameter: string)\n"
	"\n"
	"# Client is denied access\n"
	"error PermissionDenied ()\n"
	"\n"
	"# Method is expected to be called with 'more' set to true, but wasn't\n"
	"error ExpectedMore ()\n";

static const char interface_description[] =
#include "daemon/codec/io.nvdimmd.inc"
	;

struct refusal {
	char message[sizeof(((struct nv_why *)0)->text)];
	char hint[VARLINK_HINT];
	int code;
};

static const struct field refusal_fields[] = {
	{ "message", FIELD_TEXT, FIELD_OF(refusal, message) },
	{ "hint", FIELD_TEXT, FIELD_OF(refusal, hint) },
	{ "code", FIELD_INT, FIELD_AT(refusal, code) },
};
static const struct fields refusal_table = {
	.type = "the error",
	.size = sizeof(struct refusal),
	.field = refusal_fields,
	.n = NV_ARRAY_SIZE(refusal_fields),
};

static void putp(struct json_object **o)
{
	json_object_put(*o);
}

const char *wire_description(void)
{
	return interface_description;
}

int varlink_refusal_print(int r, const struct nv_why *why, char **ret,
			  size_t *ret_size)
{
	nv_cleanup(putp) struct json_object *o = NULL;
	struct refusal e = { .code = r > 0 ? r : 1 };
	const char *name = nv_refusal_varlink(r);
	const char *hint = nv_refusal_hint(r);
	char error[VARLINK_NAME];

	if (!hint)
		hint = "Look at 'journalctl -u nvdimmd'.";
	snprintf(error, sizeof(error), WIRE_INTERFACE ".%s",
		 name ? name : "Failed");
	snprintf(e.hint, sizeof(e.hint), "%s", hint);
	if (why && why->text[0])
		snprintf(e.message, sizeof(e.message), "%s", why->text);
	else
		snprintf(e.message, sizeof(e.message), "%s",
			 r < 0 ? strerror(-r) : name ? name : "it failed");

	if (fields_print(&refusal_table, &e, &o))
		return -ENOMEM;
	return varlink_error_print(error, o, ret, ret_size);
}

/* An error that is not io.nvdimmd's: of the protocol itself. */
static int read_service_error(const struct varlink_reply *reply,
			      struct nv_why *why)
{
	const char *name = strrchr(reply->error, '.');

	name = name ? name + 1 : reply->error;
	if (!strcmp(name, "PermissionDenied"))
		return nv_refuse(why, NV_E_PERMISSION,
				 "nvdimmd denies the request");
	if (!strcmp(name, "MethodNotFound") ||
	    !strcmp(name, "MethodNotImplemented") ||
	    !strcmp(name, "InterfaceNotFound"))
		return nv_refuse(why, NV_E_UNSUPPORTED,
				 "this nvdimmd does not know the request: it is of another version than nvctl");
	return nv_refuse(why, NV_E_BAD_REQUEST, "nvdimmd answers %s",
			 reply->error);
}

int varlink_refusal_read(const struct varlink_reply *reply, struct nv_why *why,
			 char *ret_hint)
{
	char interface[VARLINK_NAME];
	struct refusal e = {};
	const char *name, *hint;
	int code;

	name = varlink_split(reply->error, interface);
	if (!name || strcmp(interface, WIRE_INTERFACE) ||
	    fields_parse(&refusal_table, reply->parameters, FIELDS_REPLY, NULL,
			 &e)) {
		code = read_service_error(reply, why);
		hint = nv_refusal_hint(code);
		snprintf(ret_hint, VARLINK_HINT, "%s", hint ? hint : "");
		return code;
	}
	code = nv_refusal_code(name);
	snprintf(ret_hint, VARLINK_HINT, "%s", e.hint);
	return nv_refuse(why, code ? code : -EIO, "%s", e.message);
}

/* {key: value} into an error or, with @error NULL, a reply. */
static int answer(const char *error, const char *key, const char *value,
		  char **ret, size_t *ret_size)
{
	nv_cleanup(putp) struct json_object *o = json_object_new_object();
	struct json_object *text = json_object_new_string(value);

	if (!o || !text || json_object_object_add(o, key, text)) {
		json_object_put(text);
		return -ENOMEM;
	}
	if (error)
		return varlink_error_print(error, o, ret, ret_size);
	return varlink_reply_print(o, false, ret, ret_size);
}

static int get_info(char **ret, size_t *ret_size)
{
	nv_cleanup(putp) struct json_object *o = NULL;
	struct info {
		char vendor[16], product[16], version[32], url[64];
		const char (*interfaces)[32];
		size_t n;
	};
	static const char interfaces[][32] = { SERVICE, WIRE_INTERFACE };
	static const struct field info_fields[] = {
		{ "vendor", FIELD_TEXT, FIELD_OF(info, vendor) },
		{ "product", FIELD_TEXT, FIELD_OF(info, product) },
		{ "version", FIELD_TEXT, FIELD_OF(info, version) },
		{ "url", FIELD_TEXT, FIELD_OF(info, url) },
		{ "interfaces", FIELD_TEXT_LIST, FIELD_AT(info, interfaces),
		  .size = sizeof(interfaces[0]),
		  .count_at = offsetof(struct info, n) },
	};
	static const struct fields table = {
		.type = "GetInfo",
		.size = sizeof(struct info),
		.field = info_fields,
		.n = NV_ARRAY_SIZE(info_fields),
	};
	struct info info = { "nvdimmd", "nvdimmd", PACKAGE_VERSION,
			     "man:nvdimmd(8)", interfaces,
			     NV_ARRAY_SIZE(interfaces) };

	if (fields_print(&table, &info, &o))
		return -ENOMEM;
	return varlink_reply_print(o, false, ret, ret_size);
}

static int get_description(const struct varlink_call *c, char **ret,
			   size_t *ret_size)
{
	struct name {
		char interface[VARLINK_NAME];
	} rq = {};
	static const struct field name_fields[] = {
		{ "interface", FIELD_TEXT, FIELD_OF(name, interface) },
	};
	static const struct fields table = {
		.type = "GetInterfaceDescription",
		.size = sizeof(struct name),
		.field = name_fields,
		.n = NV_ARRAY_SIZE(name_fields),
	};

	if (fields_parse(&table, c->parameters, FIELDS_REQUEST, NULL, &rq))
		return answer(SERVICE ".InvalidParameter", "parameter",
			      "interface", ret, ret_size);
	if (!strcmp(rq.interface, SERVICE))
		return answer(NULL, "description", service_description, ret,
			      ret_size);
	if (!strcmp(rq.interface, WIRE_INTERFACE))
		return answer(NULL, "description", interface_description, ret,
			      ret_size);
	return answer(SERVICE ".InterfaceNotFound", "interface", rq.interface,
		      ret, ret_size);
}

int varlink_service(const struct varlink_call *c, char **ret, size_t *ret_size)
{
	char interface[VARLINK_NAME];
	const char *method = varlink_split(c->method, interface);

	if (!method)
		return answer(SERVICE ".InvalidParameter", "parameter",
			      "method", ret, ret_size);
	if (!strcmp(interface, WIRE_INTERFACE))
		return answer(SERVICE ".MethodNotFound", "method", c->method,
			      ret, ret_size);
	if (strcmp(interface, SERVICE))
		return answer(SERVICE ".InterfaceNotFound", "interface",
			      interface, ret, ret_size);
	if (!strcmp(method, "GetInfo"))
		return get_info(ret, ret_size);
	if (!strcmp(method, "GetInterfaceDescription"))
		return get_description(c, ret, ret_size);
	return answer(SERVICE ".MethodNotFound", "method", c->method, ret,
		      ret_size);
}

int varlink_expected_more(char **ret, size_t *ret_size)
{
	return varlink_error_print(SERVICE ".ExpectedMore", NULL, ret,
				   ret_size);
}
