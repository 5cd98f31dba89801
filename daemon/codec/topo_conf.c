/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/topo_conf.c - the topology file's keys, and libconfuse driven by them.
 *
 * To libconfuse every value is a string. Each is checked when it is read, so
 * that the sentence has its line, and converted when all is read.
 */
#include "codec/topo_conf.h"

#include <confuse.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "codec/topo_conf_value.h"

/*
 * Where libconfuse's callbacks find the sentence: they get no pointer of ours,
 * and the lexer below them has globals of its own anyway.
 */
static _Thread_local struct nv_why *sentence;

static void on_error(cfg_t *cfg, const char *fmt, va_list ap) nv_printf(2, 0);
static void on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[384];

	/* The first is the cause, the others follow from it. */
	if (sentence->text[0])
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	nv_refuse(sentence, NV_E_BAD_CONFIG, "%s:%d: %s", cfg->filename,
		  cfg->line, text);
}

/* Called for each value; of a list the newest is last. */
static int on_value(cfg_t *cfg, cfg_opt_t *opt)
{
	unsigned int n = cfg_opt_size(opt);
	const char *value = n ? cfg_opt_getnstr(opt, n - 1) : NULL;
	const char *wanted;

	wanted = value ? topo_conf_wrong(cfg->name, opt->name, value) : NULL;
	if (!wanted)
		return 0;
	cfg_error(cfg, "%s is \"%.80s\" but must be %s", opt->name, value,
		  wanted);
	return -1;
}

/* A whole section has been read: what must stand in it? */
static int on_section(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *s = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	const char *wanted;

	wanted = topo_conf_wrong_name(cfg_title(s));
	if (wanted) {
		cfg_error(cfg, "the name of %s \"%.80s\" must be %s", opt->name,
			  cfg_title(s), wanted);
		return -1;
	}
	if (!strcmp(opt->name, "region") &&
	    (!cfg_getstr(s, "spa") || !cfg_getstr(s, "size"))) {
		cfg_error(cfg, "region \"%s\" has no %s", cfg_title(s),
			  cfg_getstr(s, "spa") ? "size" : "spa");
		return -1;
	}
	return 0;
}

static uint64_t number_of(cfg_t *s, const char *key, uint64_t otherwise)
{
	const char *text = cfg_getstr(s, key);
	uint64_t v;

	return text && !nv_size_parse(text, &v) ? v : otherwise;
}

static bool flag_of(cfg_t *s, const char *key, bool otherwise)
{
	const char *text = cfg_getstr(s, key);
	bool v;

	return text && !topo_flag_parse(text, &v) ? v : otherwise;
}

static void text_of(cfg_t *s, const char *key, char ret[TOPO_NAME])
{
	const char *text = key ? cfg_getstr(s, key) : cfg_title(s);

	snprintf(ret, TOPO_NAME, "%s", text ? text : "");
}

static int dimm_read(cfg_t *s, struct topo_region *r)
{
	struct topo_dimm *d = topo_add_dimm(r);
	uint32_t bit = 0;
	unsigned int i;

	if (!d)
		return -ENOMEM;
	text_of(s, NULL, d->name);
	text_of(s, "id", d->id);
	d->handle = (uint32_t)number_of(s, "handle", 0);
	d->serial = (uint32_t)number_of(s, "serial", 0);
	for (i = 0; i < cfg_size(s, "health"); i++)
		if (!topo_health_parse(cfg_getnstr(s, "health", i), &bit))
			d->health |= bit;
	return 0;
}

static int users_read(cfg_t *s, struct topo_ns *ns)
{
	char name[TOPO_NAME * 4];
	enum topo_use use;
	unsigned int i;
	int pid, r;

	for (i = 0; i < cfg_size(s, "used_by"); i++) {
		if (topo_user_parse(cfg_getnstr(s, "used_by", i), &use, name,
			       sizeof(name), &pid))
			continue;
		r = topo_add_user(ns, use, name, pid);
		if (r)
			return r;
	}
	return 0;
}

static int ns_read(cfg_t *s, struct topo_region *r, uint64_t *next,
		   struct nv_why *why)
{
	const char *uuid = cfg_getstr(s, "uuid"), *mode = cfg_getstr(s, "mode");
	struct topo_ns *ns = topo_add_ns(r);
	uint64_t offset;

	if (!ns)
		return -ENOMEM;
	text_of(s, NULL, ns->name);
	text_of(s, "label", ns->label);
	text_of(s, "block", ns->block);
	text_of(s, "chardev", ns->chardev);
	ns->mode = TOPO_MODE_RAW;
	if (mode && topo_mode_parse(mode, &ns->mode))
		return -EINVAL;
	ns->enabled = flag_of(s, "enabled", true);
	ns->read_only = flag_of(s, "read_only", r->read_only);

	offset = number_of(s, "offset", *next);
	if (offset >= r->size)
		return nv_refuse(why, NV_E_BAD_CONFIG,
				 "%s:%d: namespace \"%s\" begins after the end "
				 "of its region", s->filename, s->line, ns->name);
	ns->spa = r->spa + offset;
	ns->size = number_of(s, "size", r->size - offset);
	*next = offset + ns->size;

	if (uuid) {
		r->labelled = true;
		if (nv_uuid_parse(uuid, &ns->id))
			return -EINVAL;
	} else if (r->cookie) {
		ns->id_derived = true;
		ns->id = topo_id_from_cookie(r->cookie);
	} else {
		return nv_refuse(why, NV_E_BAD_CONFIG,
				 "%s:%d: namespace \"%s\" has no uuid, and its "
				 "region no cookie to take one from",
				 s->filename, s->line, ns->name);
	}
	return users_read(s, ns);
}

static int region_read(cfg_t *s, struct topo *t, struct nv_why *why)
{
	const char *persistence = cfg_getstr(s, "persistence");
	struct topo_region *r = topo_add_region(t);
	uint64_t next = 0, offset, size;
	unsigned int i;
	int e;

	if (!r)
		return -ENOMEM;
	text_of(s, NULL, r->name);
	r->spa = number_of(s, "spa", 0);
	r->size = number_of(s, "size", 0);
	r->cookie = number_of(s, "cookie", 0);
	if (cfg_getstr(s, "numa_node"))
		r->numa_node = (int)number_of(s, "numa_node", 0);
	if (persistence && topo_persistence_parse(persistence, &r->persistence))
		return -EINVAL;
	r->read_only = flag_of(s, "read_only", false);
	r->enabled = true;

	for (i = 0; i < cfg_size(s, "dimm"); i++) {
		e = dimm_read(cfg_getnsec(s, "dimm", i), r);
		if (e)
			return e;
	}
	for (i = 0; i < cfg_size(s, "namespace"); i++) {
		e = ns_read(cfg_getnsec(s, "namespace", i), r, &next, why);
		if (e)
			return e;
	}
	for (i = 0; i < cfg_size(s, "bad"); i++) {
		if (topo_bad_parse(cfg_getnstr(s, "bad", i), &offset, &size))
			continue;
		if (offset >= r->size || size > r->size - offset)
			return nv_refuse(why, NV_E_BAD_CONFIG,
					 "%s:%d: bad \"%s\" is not within "
					 "region \"%s\"", s->filename, s->line,
					 cfg_getnstr(s, "bad", i), r->name);
		e = topo_add_bad(r, offset, size);
		if (e)
			return e;
	}
	return 0;
}

static int topo_read(cfg_t *cfg, const char *name, struct topo **ret,
		     struct nv_why *why)
{
	nv_cleanup(topo_freep) struct topo *t = topo_new();
	unsigned int i;
	int r;

	if (!t)
		return -ENOMEM;
	for (i = 0; i < cfg_size(cfg, "region"); i++) {
		r = region_read(cfg_getnsec(cfg, "region", i), t, why);
		if (r)
			return r;
	}
	r = topo_finish(t);
	if (r)
		return r;
	if (t->nr_problems)
		return nv_refuse(why, NV_E_BAD_CONFIG, "%s: %s", name,
				 t->problems[0]);
	*ret = nv_steal(&t);
	return 0;
}

/* Every key of a section is checked when it is read, and then the section. */
static void validate(cfg_t *cfg, const char *section, const cfg_opt_t *opts)
{
	char path[64];

	cfg_set_validate_func(cfg, section, on_section);
	for (; opts->name; opts++) {
		if (opts->type == CFGT_SEC)
			continue;
		snprintf(path, sizeof(path), "%s|%s", section, opts->name);
		cfg_set_validate_func(cfg, path, on_value);
	}
}

static int parse(const char *name, const char *text, size_t len,
		 struct topo **ret, struct nv_why *why)
{
	cfg_opt_t dimm[] = {
		CFG_STR("id", NULL, CFGF_NODEFAULT),
		CFG_STR("handle", NULL, CFGF_NODEFAULT),
		CFG_STR("serial", NULL, CFGF_NODEFAULT),
		CFG_STR_LIST("health", NULL, CFGF_NONE),
		CFG_END()
	};
	cfg_opt_t ns[] = {
		CFG_STR("uuid", NULL, CFGF_NODEFAULT),
		CFG_STR("offset", NULL, CFGF_NODEFAULT),
		CFG_STR("size", NULL, CFGF_NODEFAULT),
		CFG_STR("mode", NULL, CFGF_NODEFAULT),
		CFG_STR("label", NULL, CFGF_NODEFAULT),
		CFG_STR("block", NULL, CFGF_NODEFAULT),
		CFG_STR("chardev", NULL, CFGF_NODEFAULT),
		CFG_STR("enabled", NULL, CFGF_NODEFAULT),
		CFG_STR("read_only", NULL, CFGF_NODEFAULT),
		CFG_STR_LIST("used_by", NULL, CFGF_NONE),
		CFG_END()
	};
	cfg_opt_t region[] = {
		CFG_STR("spa", NULL, CFGF_NODEFAULT),
		CFG_STR("size", NULL, CFGF_NODEFAULT),
		CFG_STR("cookie", NULL, CFGF_NODEFAULT),
		CFG_STR("numa_node", NULL, CFGF_NODEFAULT),
		CFG_STR("persistence", NULL, CFGF_NODEFAULT),
		CFG_STR("read_only", NULL, CFGF_NODEFAULT),
		CFG_STR_LIST("bad", NULL, CFGF_NONE),
		CFG_SEC("dimm", dimm, CFGF_MULTI | CFGF_TITLE |
					      CFGF_NO_TITLE_DUPES),
		CFG_SEC("namespace", ns, CFGF_MULTI | CFGF_TITLE |
						 CFGF_NO_TITLE_DUPES),
		CFG_END()
	};
	cfg_opt_t root[] = {
		CFG_SEC("region", region, CFGF_MULTI | CFGF_TITLE |
						  CFGF_NO_TITLE_DUPES),
		CFG_END()
	};
	cfg_t *cfg = cfg_init(root, CFGF_NONE);
	FILE *fp;
	int r;

	if (!cfg)
		return -ENOMEM;
	validate(cfg, "region", region);
	validate(cfg, "region|dimm", dimm);
	validate(cfg, "region|namespace", ns);
	cfg_set_error_function(cfg, on_error);
	cfg->filename = strdup(name);
	fp = fmemopen((void *)(uintptr_t)text, len, "r");
	r = -ENOMEM;
	if (cfg->filename && fp)
		r = cfg_parse_fp(cfg, fp) == CFG_SUCCESS ? 0 : NV_E_BAD_CONFIG;
	if (fp)
		fclose(fp);
	if (!r)
		r = topo_read(cfg, name, ret, why);
	cfg_free(cfg);
	return r;
}

/*
 * What libconfuse does with variables, escapes and control characters nobody
 * who describes a host needs.
 */
static int check_text(const char *name, const char *text, size_t len,
		      struct nv_why *why)
{
	int line = 1;
	size_t i;

	if (len > TOPO_CONF_MAX_BYTES)
		return nv_refuse(why, NV_E_BAD_CONFIG,
				 "%s: %zu bytes, at most %u are read", name,
				 len, TOPO_CONF_MAX_BYTES);
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		line += c == '\n';
		if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') ||
		    c >= 0x7f || c == '$' || c == '\\')
			return nv_refuse(why, NV_E_BAD_CONFIG,
					 "%s:%d: a character that has no place "
					 "here (0x%02x)", name, line, c);
	}
	return 0;
}

int topo_conf_parse(const char *name, const char *text, size_t len,
		    struct topo **ret, struct nv_why *why)
{
	struct nv_why local;
	int r;

	if (!why)
		why = &local;
	why->text[0] = 0;
	r = check_text(name, text, len, why);
	if (r)
		return r;
	if (!len)
		return nv_refuse(why, NV_E_BAD_CONFIG, "%s: is empty", name);
	sentence = why;
	r = parse(name, text, len, ret, why);
	sentence = NULL;
	if (r == NV_E_BAD_CONFIG && !why->text[0])
		nv_refuse(why, r, "%s: is not a topology file", name);
	return r;
}
