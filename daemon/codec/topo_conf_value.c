/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/topo_conf_value.c - one value of the topology file at a time.
 */
#include "codec/topo_conf_value.h"

#include <string.h>

#include "base/size.h"

int topo_flag_parse(const char *text, bool *ret)
{
	*ret = !strcmp(text, "true");
	return *ret || !strcmp(text, "false") ? 0 : -EINVAL;
}

int topo_bad_parse(const char *text, uint64_t *ret_offset, uint64_t *ret_size)
{
	const char *plus = strchr(text, '+');
	char offset[64];
	size_t n = plus ? (size_t)(plus - text) : strlen(text);

	if (n >= sizeof(offset))
		return -EINVAL;
	memcpy(offset, text, n);
	offset[n] = 0;
	*ret_size = TOPO_FRAME;
	if (nv_size_parse(offset, ret_offset) ||
	    (plus && nv_size_parse(plus + 1, ret_size)) || !*ret_size)
		return -EINVAL;
	return 0;
}

int topo_user_parse(const char *text, enum topo_use *ret_use, char *ret_name,
		    size_t size, int *ret_pid)
{
	const char *space = strchr(text, ' '), *last = strrchr(text, ' ');
	char word[32], *end;
	size_t n;
	long pid;

	if (!space || (size_t)(space - text) >= sizeof(word))
		return -EINVAL;
	memcpy(word, text, (size_t)(space - text));
	word[space - text] = 0;
	if (topo_use_parse(word, ret_use))
		return -EINVAL;

	n = strlen(space + 1);
	*ret_pid = 0;
	if (*ret_use == TOPO_USE_OPENER) {
		pid = strtol(last + 1, &end, 10);
		if (last == space || *end || end == last + 1 || pid < 1 ||
		    pid > INT32_MAX)
			return -EINVAL;
		*ret_pid = (int)pid;
		n = (size_t)(last - space) - 1;
	}
	if (!n || n >= size)
		return -EINVAL;
	memcpy(ret_name, space + 1, n);
	ret_name[n] = 0;
	return 0;
}

int topo_health_parse(const char *text, uint32_t *ret)
{
	const char *name;
	uint32_t bit;

	for (bit = 1; bit; bit <<= 1) {
		name = topo_health_name(bit);
		if (name && !strcmp(name, text)) {
			*ret = bit;
			return 0;
		}
	}
	return -EINVAL;
}

static const char *wrong_bytes(const char *text)
{
	uint64_t v;

	return nv_size_parse(text, &v) ? "a number of bytes, like \"256 MiB\" "
					 "or \"0x140000000\"" : NULL;
}

static const char *wrong_number(const char *text)
{
	uint64_t v;

	return nv_size_parse(text, &v) || v > UINT32_MAX ?
		       "a number of 32 bits" : NULL;
}

static const char *wrong_node(const char *text)
{
	uint64_t v;

	return nv_size_parse(text, &v) || v > 1023 ?
		       "a NUMA node, 0 to 1023" : NULL;
}

static const char *wrong_flag(const char *text)
{
	bool v;

	return topo_flag_parse(text, &v) ? "\"true\" or \"false\"" : NULL;
}

static const char *wrong_text(const char *text)
{
	size_t n = strlen(text);

	return n >= TOPO_NAME ? "at most 63 characters" : NULL;
}

static const char *wrong_uuid(const char *text)
{
	struct nv_uuid u;

	return nv_uuid_parse(text, &u) || nv_uuid_is_zero(&u) ?
		       "a UUID that is not all zeroes" : NULL;
}

static const char *wrong_mode(const char *text)
{
	enum topo_mode m;

	return topo_mode_parse(text, &m) ?
		       "raw, sector, fsdax or devdax" : NULL;
}

static const char *wrong_persistence(const char *text)
{
	enum topo_persistence p;

	return topo_persistence_parse(text, &p) ?
		       "none, memory_controller or cpu_cache" : NULL;
}

static const char *wrong_bad(const char *text)
{
	uint64_t offset, size;

	return topo_bad_parse(text, &offset, &size) ?
		       "\"OFFSET\" or \"OFFSET+SIZE\" in bytes from the "
		       "region's start" : NULL;
}

static const char *wrong_health(const char *text)
{
	uint32_t bit;

	return topo_health_parse(text, &bit) ?
		       "a health flag as in 'ndctl list -DH', like "
		       "\"smart_event\"" : NULL;
}

static const char *wrong_user(const char *text)
{
	char name[TOPO_NAME * 4];
	enum topo_use use;
	int pid;

	return topo_user_parse(text, &use, name, sizeof(name), &pid) ?
		       "a user, like \"mount /srv\" or \"opener dd 4711\"" :
		       NULL;
}

static const struct key {
	const char *section;
	const char *key;
	const char *(*wrong)(const char *text);
} keys[] = {
	{ "region", "spa", wrong_bytes },
	{ "region", "size", wrong_bytes },
	{ "region", "cookie", wrong_bytes },
	{ "region", "numa_node", wrong_node },
	{ "region", "persistence", wrong_persistence },
	{ "region", "read_only", wrong_flag },
	{ "region", "bad", wrong_bad },
	{ "dimm", "id", wrong_text },
	{ "dimm", "handle", wrong_number },
	{ "dimm", "serial", wrong_number },
	{ "dimm", "health", wrong_health },
	{ "namespace", "uuid", wrong_uuid },
	{ "namespace", "offset", wrong_bytes },
	{ "namespace", "size", wrong_bytes },
	{ "namespace", "mode", wrong_mode },
	{ "namespace", "label", wrong_text },
	{ "namespace", "block", wrong_text },
	{ "namespace", "chardev", wrong_text },
	{ "namespace", "enabled", wrong_flag },
	{ "namespace", "read_only", wrong_flag },
	{ "namespace", "used_by", wrong_user },
};

const char *topo_conf_wrong(const char *section, const char *key,
			    const char *text)
{
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i].section, section) &&
		    !strcmp(keys[i].key, key))
			return keys[i].wrong(text);
	return NULL;
}

const char *topo_conf_wrong_name(const char *name)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t n = strlen(name);

	if (!n || n >= TOPO_NAME || strspn(name, ok) != n || *name == '.' ||
	    *name == '-')
		return "1 to 63 letters, digits, '.', '_' or '-', and begin "
		       "with a letter, a digit or '_'";
	return NULL;
}
