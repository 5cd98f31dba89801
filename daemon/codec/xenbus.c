/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/xenbus.c - the nodes of a vnvdimm in xenstore, to and from structs.
 */
#include "codec/xenbus.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/utf8.h"

/* DOMID_FIRST_RESERVED of xen/include/public/xen.h. */
#define DOMID_END 0x7ff0u
#define PAGE 4096u

static const char tree[] = "backend/" XENBUS_CLASS;

const char *const xenbus_back_names[XENBUS_BACK_NR] = {
	[XENBUS_STATE] = "state",
	[XENBUS_ONLINE] = "online",
	[XENBUS_VOLUME] = "volume",
	[XENBUS_GPA] = "gpa",
	[XENBUS_UUID] = "volume-uuid",
	[XENBUS_LATE] = "late",
	[XENBUS_ERROR] = "hotplug-error",
	[XENBUS_TOLD_GPA] = "mapped-gpa",
};

const char *const xenbus_front_names[XENBUS_FRONT_NR] = {
	[XENBUS_FRONT_STATE] = "state",
	[XENBUS_FRONT_CAN_UNMAP] = "feature-unmap",
	[XENBUS_FRONT_ANSWER] = "unmap-ack",
};

int xenbus_number(const char *text, size_t len, uint64_t max, uint64_t *ret)
{
	uint64_t n = 0;
	size_t i;

	if (!len || (len > 1 && text[0] == '0'))
		return -EINVAL;
	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || n > UINT64_MAX / 10)
			return -EINVAL;
		n *= 10;
		if (n > UINT64_MAX - (uint64_t)(text[i] - '0'))
			return -EINVAL;
		n += (uint64_t)(text[i] - '0');
	}
	if (n > max)
		return -EINVAL;
	*ret = n;
	return 0;
}

/* "0x" and up to 16 digits, or decimal. */
static int address_parse(const struct xenbus_value *v, uint64_t *ret)
{
	uint64_t n = 0;
	size_t i;
	int digit;

	if (v->len < 2 || v->data[0] != '0' || v->data[1] != 'x')
		return xenbus_number(v->data, v->len, UINT64_MAX, ret);
	if (v->len < 3 || v->len > 18)
		return -EINVAL;
	for (i = 2; i < v->len; i++) {
		digit = nv_hex_digit(v->data[i]);
		if (digit < 0)
			return -EINVAL;
		n = n << 4 | (uint64_t)digit;
	}
	*ret = n;
	return 0;
}

static bool value_is(const struct xenbus_value *v, const char *text)
{
	return v->data && v->len == strlen(text) && !memcmp(v->data, text, v->len);
}

static enum device_state state_parse(const struct xenbus_value *v)
{
	if (!v->data || v->len != 1 || v->data[0] < '0' || v->data[0] > '8')
		return DEVICE_UNKNOWN;
	return (enum device_state)(v->data[0] - '0');
}

/* Text that may stand in a sentence. */
static bool text_is_sane(const struct xenbus_value *v)
{
	size_t i, n;
	uint32_t c;

	for (i = 0; i < v->len; i += n) {
		n = utf8_next(v->data + i, v->len - i, &c);
		if (!n || utf8_is_control(c))
			return false;
	}
	return true;
}

static void wrong(struct device_wish *w, const char *fmt, ...) nv_printf(2, 3);

/* The first thing that is wrong is told. */
static void wrong(struct device_wish *w, const char *fmt, ...)
{
	va_list ap;

	if (w->wrong[0])
		return;
	va_start(ap, fmt);
	vsnprintf(w->wrong, sizeof(w->wrong), fmt, ap);
	va_end(ap);
}

static void wish_volume(const struct xenbus_value *v, struct device_wish *ret)
{
	if (!v->data || !v->len)
		wrong(ret, "the node volume is missing or empty");
	else if (v->len >= sizeof(ret->volume))
		wrong(ret, "the node volume is %zu bytes long, at most %zu are possible", v->len,
		      sizeof(ret->volume) - 1);
	else if (!text_is_sane(v))
		wrong(ret, "the node volume holds bytes that are no text");
	else
		memcpy(ret->volume, v->data, v->len);
}

static void wish_gpa(const struct xenbus_value *v, struct device_wish *ret)
{
	if (!v->data)
		return;
	ret->has_gpa = true;
	if (address_parse(v, &ret->gpa))
		wrong(ret, "the node gpa is no address: it must be decimal, or hexadecimal after 0x");
	else if (ret->gpa % PAGE)
		wrong(ret, "the node gpa is 0x%llx, which is not on a page's edge", (unsigned long long)ret->gpa);
}

void xenbus_wish(const struct xenbus_value v[XENBUS_BACK_NR], struct device_wish *ret)
{
	char uuid[NV_UUID_TEXT] = "";

	*ret = (struct device_wish){ .online = true };
	ret->state = state_parse(&v[XENBUS_STATE]);
	if (v[XENBUS_STATE].data && ret->state == DEVICE_UNKNOWN)
		wrong(ret, "the node state is no state: a device begins with 1");
	if (value_is(&v[XENBUS_ONLINE], "0"))
		ret->online = false;
	else if (v[XENBUS_ONLINE].data && !value_is(&v[XENBUS_ONLINE], "1"))
		wrong(ret, "the node online is neither 0 nor 1");
	if (v[XENBUS_ERROR].data && v[XENBUS_ERROR].len < sizeof(ret->error) && text_is_sane(&v[XENBUS_ERROR]))
		memcpy(ret->error, v[XENBUS_ERROR].data, v[XENBUS_ERROR].len);
	if (v[XENBUS_TOLD_GPA].data && address_parse(&v[XENBUS_TOLD_GPA], &ret->told_gpa))
		ret->told_gpa = 0;
	ret->late = value_is(&v[XENBUS_LATE], "1");
	wish_volume(&v[XENBUS_VOLUME], ret);
	wish_gpa(&v[XENBUS_GPA], ret);
	if (v[XENBUS_UUID].data && v[XENBUS_UUID].len == sizeof(uuid) - 1) {
		memcpy(uuid, v[XENBUS_UUID].data, sizeof(uuid) - 1);
		if (nv_uuid_parse(uuid, &ret->uuid))
			ret->uuid = (struct nv_uuid){ { 0 } };
	}
}

void xenbus_front(const struct xenbus_value v[XENBUS_FRONT_NR], struct device_front *ret)
{
	static const char busy[] = " busy";
	const struct xenbus_value *a = &v[XENBUS_FRONT_ANSWER];
	size_t len = a->data ? a->len : 0;

	*ret = (struct device_front){
		.state = state_parse(&v[XENBUS_FRONT_STATE]),
		.can_unmap = value_is(&v[XENBUS_FRONT_CAN_UNMAP], "1"),
	};
	if (len > sizeof(busy) - 1 && !memcmp(a->data + len - (sizeof(busy) - 1), busy, sizeof(busy) - 1)) {
		ret->busy = true;
		len -= sizeof(busy) - 1;
	}
	if (!len || xenbus_number(a->data, len, UINT64_MAX, &ret->answered) || !ret->answered) {
		ret->answered = 0;
		ret->busy = false;
	}
}

static void node_set(struct xenbus_node *n, const char *name, bool there, const char *fmt, ...) nv_printf(4, 5);

static void node_set(struct xenbus_node *n, const char *name, bool there, const char *fmt, ...)
{
	va_list ap;

	n->name = name;
	n->value[0] = '\0';
	if (!there)
		return;
	va_start(ap, fmt);
	vsnprintf(n->value, sizeof(n->value), fmt, ap);
	va_end(ap);
}

void xenbus_report(const struct device_report *r, struct xenbus_node ret[XENBUS_REPORT_NODES])
{
	static const struct nv_uuid none;
	char uuid[NV_UUID_TEXT];
	bool mapped = !nv_uuid_equal(&r->uuid, &none);
	bool gone = r->state == DEVICE_CLOSED;
	size_t i = 0;

	node_set(&ret[i++], "feature-unmap", true, "1");
	node_set(&ret[i++], "feature-health", true, "1");
	node_set(&ret[i++], "volume-uuid", mapped, "%s", nv_uuid_print(&r->uuid, uuid));
	node_set(&ret[i++], "mapped-gpa", mapped, "0x%llx", (unsigned long long)r->gpa);
	node_set(&ret[i++], "mapped-size", mapped, "%llu", (unsigned long long)r->size);
	node_set(&ret[i++], "mapped-bad", mapped, "%llu", (unsigned long long)r->bad);
	node_set(&ret[i++], "late", r->late, "1");
	node_set(&ret[i++], "unmap-request", r->ask && !gone, "%llu", (unsigned long long)r->ask);
	node_set(&ret[i++], "hotplug-error", r->error[0], "%s", r->error);
	node_set(&ret[i++], "hotplug-status", r->error[0] || mapped, "%s", r->error[0] ? "error" : "connected");
	node_set(&ret[i++], "state", true, "%d", (int)r->state);
}

const char *xenbus_back_path(struct device_key key, const char *node, char buf[XENBUS_PATH])
{
	snprintf(buf, XENBUS_PATH, "%s/%u/%u%s%s", tree, key.domid, key.devid, *node ? "/" : "", node);
	return buf;
}

const char *xenbus_front_path(struct device_key key, const char *node, char buf[XENBUS_PATH])
{
	snprintf(buf, XENBUS_PATH, "/local/domain/%u/device/" XENBUS_CLASS "/%u%s%s", key.domid, key.devid,
		 *node ? "/" : "", node);
	return buf;
}

/* The number up to the next slash or the end. */
static const char *path_number(const char *p, uint64_t max, uint32_t *ret)
{
	size_t len = strcspn(p, "/");
	uint64_t n;

	if (xenbus_number(p, len, max, &n))
		return NULL;
	*ret = (uint32_t)n;
	return p[len] ? p + len + 1 : p + len;
}

enum xenbus_place xenbus_parse_path(const char *path, struct device_key *ret)
{
	const char *p = path + sizeof(tree) - 1;

	*ret = (struct device_key){ 0 };
	if (strncmp(path, tree, sizeof(tree) - 1) || (*p && *p != '/'))
		return XENBUS_NOWHERE;
	if (!*p)
		return XENBUS_TREE;
	p = path_number(p + 1, DOMID_END - 1, &ret->domid);
	if (!p)
		return XENBUS_NOWHERE;
	if (!*p)
		return XENBUS_DOMAIN;
	return path_number(p, UINT32_MAX, &ret->devid) ? XENBUS_DEVICE : XENBUS_NOWHERE;
}
