/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/conf.c - the table of keys, and libconfuse driven by it.
 *
 * To libconfuse every value is a string: types, units and limits are the
 * table's, so that each wrong value gets a sentence that says what is right.
 */
#include "codec/conf.h"

#include <confuse.h>
#include <stdio.h>
#include <string.h>

#include "codec/conf_key.h"

#define KEY(n, t, field, lo, hi, d, again, text)                                              \
	{ .name = (n), .type = (t), .offset = offsetof(struct settings, field),               \
	  .len = sizeof(((struct settings *)0)->field), .min = (lo), .max = (hi), .def = (d), \
	  .restart = (again), .help = (text) }

static const struct conf_key conf_keys[] = {
	KEY("hypervisor", CONF_TEXT, hypervisor, 0, 0, "xen", true,
	    "Who maps: \"xen\", or \"sim:PATH\" with the socket of nvdimm-sim."),
	KEY("topology", CONF_PATH, topology, 0, 0, "", true,
	    "A file that describes the persistent memory, for simulated hosts; empty: ask\n"
	    "the kernel."),
	KEY("state_dir", CONF_PATH, state_dir, 0, 0, LOCALSTATEDIR "/lib/nvdimmd", true,
	    "Directory of the database."),
	KEY("socket", CONF_PATH, socket, 0, 0, RUNSTATEDIR "/nvdimmd/nvdimmd.sock", true,
	    "Control socket, unless systemd passes one."),
	KEY("group", CONF_TEXT, group, 0, 0, "", true,
	    "Group whose members may read (status, events), beside root; empty: nobody.\n"
	    "Everything that changes something is root's alone."),
	KEY("xenstore", CONF_TEXT, xenstore, 0, 0, "auto", true,
	    "Where guests' devices are configured (xenstore-vnvdimm(7)): \"auto\", which is\n"
	    "Xen's xenstored, and none on a simulated host; the path of a xenstored's\n"
	    "socket; or \"no\"."),
	KEY("alignment", CONF_BYTES, alignment, 4096, 1ULL << 30, "2MiB", false,
	    "Alignment of volumes. Guests get pages of up to this size: a power of two from\n"
	    "4 KiB to 1 GiB."),
	KEY("large_volume", CONF_BYTES, large_volume, 2ULL << 20, 1ULL << 50, "8GiB", false,
	    "From this size on volumes get large_alignment if the pool has room for it. A\n"
	    "power of two."),
	KEY("large_alignment", CONF_BYTES, large_alignment, 4096, 1ULL << 30, "1GiB", false,
	    "Alignment of large volumes."),
	KEY("address_bits", CONF_NUMBER, address_bits, 32, 52, "46", false,
	    "Guest addresses that nvdimmd chooses stay below 2 to this power, in bits, and\n"
	    "below what the guest's CPU has."),
	KEY("deadline", CONF_MS, deadline_ms, 1000, 60000, "10s", false,
	    "How long a guest that hit a bad page may await nvdimmd's decision before the\n"
	    "hypervisor crashes it: 1s to 60s. It cannot be switched off."),
	KEY("first_touch", CONF_DECISION, first_touch, 0, 0, "vmce", false,
	    "What a guest's first hit of a bad page brings it: \"vmce\" (a machine check that\n"
	    "names the page; its kernel can recover) or \"kill\"."),
	KEY("next_touch", CONF_DECISION, next_touch, 0, 0, "kill", false,
	    "What touching the same page again brings: \"vmce\" or \"kill\"."),
	KEY("grace", CONF_MS, grace_ms, 0, 3600000, "5s", false,
	    "A touch so soon after the first counts with it: the guest is still recovering.\n"
	    "0s to 3600s."),
	KEY("page_limit", CONF_RATE, page_limit, 1, 100000, "10 / 24h", false,
	    "More bad pages in one volume within that time raise an alarm: COUNT / TIME. They\n"
	    "are counted on through restarts of nvdimmd and reboots of the host."),
	KEY("avalanche", CONF_NUMBER, avalanche, 0, 100000, "3", false,
	    "Guests that may be killed within avalanche_time; then a module is failing and\n"
	    "nvdimmd raises an alarm and sends machine checks instead of killing every guest\n"
	    "on it. A count; 0: no such limit."),
	KEY("avalanche_time", CONF_SECONDS, avalanche_s, 1, 30 * 86400, "10m", false,
	    "See avalanche, which is counted on through restarts and reboots, too. s, m, h or\n"
	    "d; at most 30d."),
	KEY("hook", CONF_PATH, hook, 0, 0, "", false,
	    "Program that is run for each machine check, with what happened in its\n"
	    "environment; empty: none. nvdimmd(8) lists the variables."),
	KEY("unmap_timeout", CONF_MS, unmap_timeout_ms, 1000, 3600000, "30s", false,
	    "How long a guest that was asked to give a volume up may take to answer: 1s to\n"
	    "3600s."),
	KEY("max_events", CONF_COUNT, max_events, 100, 100000000, "100000", false,
	    "Events that the history keeps; older ones are forgotten. A count."),
};

struct conf_ctx {
	struct settings *settings;
	struct nv_why *why;
	bool failed, no_memory;
	bool seen[NV_ARRAY_SIZE(conf_keys)];
};

static const struct conf_key *key_find(const char *name)
{
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(conf_keys); i++)
		if (!strcmp(conf_keys[i].name, name))
			return &conf_keys[i];
	return NULL;
}

void conf_defaults(struct settings *ret)
{
	struct nv_why why;
	size_t i;

	*ret = (struct settings){ 0 };
	for (i = 0; i < NV_ARRAY_SIZE(conf_keys); i++)
		if (conf_key_set(&conf_keys[i], ret, conf_keys[i].def, &why))
			abort();
}

int conf_set(struct settings *s, const char *key, const char *value, struct nv_why *why)
{
	const struct conf_key *k = key_find(key);

	if (!k)
		return nv_refuse(why, NV_E_BAD_CONFIG, "there is no key \"%.80s\"", key);
	return conf_key_set(k, s, value, why);
}

/*
 * libconfuse gives its callbacks no pointer of ours; the root's title, which
 * it uses for titled sections only, carries it. Taken out before cfg_free().
 */
static struct conf_ctx *conf_ctx(const cfg_t *cfg)
{
	return (struct conf_ctx *)(void *)cfg->title;
}

static void on_error(cfg_t *cfg, const char *fmt, va_list ap) nv_printf(2, 0);
static void on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	struct conf_ctx *c = conf_ctx(cfg);
	char text[384];

	if (c->failed)
		return;
	c->failed = true;
	vsnprintf(text, sizeof(text), fmt, ap);
	nv_refuse(c->why, NV_E_BAD_CONFIG, "%s:%d: %s", cfg->filename, cfg->line, text);
}

static int on_value(cfg_t *cfg, cfg_opt_t *opt)
{
	struct conf_ctx *c = conf_ctx(cfg);
	const struct conf_key *k = key_find(opt->name);
	const char *value = cfg_opt_getnstr(opt, 0);
	struct nv_why why;

	if (c->seen[k - conf_keys]) {
		cfg_error(cfg, "%s is set a second time", k->name);
		return -1;
	}
	c->seen[k - conf_keys] = true;
	if (conf_key_set(k, c->settings, value ? value : "", &why)) {
		cfg_error(cfg, "%s", why.text);
		return -1;
	}
	return 0;
}

/*
 * A copy with the comments blanked out: libconfuse counts a line that is a
 * comment more than once, and then names the wrong line.
 */
static char *without_comments(const char *text, size_t len)
{
	char *copy = malloc(len + 1);
	bool comment = false;
	char quote = 0;
	size_t i;

	if (!copy)
		return NULL;
	for (i = 0; i < len; i++) {
		char ch = text[i];

		if (ch == '\n')
			comment = false;
		else if (quote ? ch == quote : ch == '"' || ch == '\'')
			quote = comment ? 0 : quote ? 0 : ch;
		else if (ch == '#' && !quote)
			comment = true;
		copy[i] = comment ? ' ' : ch;
		if (quote && ch == '\\' && i + 1 < len) {
			i++;
			copy[i] = text[i];
		}
	}
	copy[len] = '\0';
	return copy;
}

static int confuse(const char *name, const char *text, size_t len, struct conf_ctx *c)
{
	cfg_opt_t opts[NV_ARRAY_SIZE(conf_keys) + 1];
	FILE *fp;
	cfg_t *cfg;
	size_t i;
	int r;

	for (i = 0; i < NV_ARRAY_SIZE(conf_keys); i++)
		opts[i] = (cfg_opt_t)CFG_STR(conf_keys[i].name, NULL, CFGF_NONE);
	opts[i] = (cfg_opt_t)CFG_END();
	cfg = cfg_init(opts, CFGF_NONE);
	if (!cfg)
		return -ENOMEM;
	for (i = 0; i < NV_ARRAY_SIZE(conf_keys); i++)
		cfg_set_validate_func(cfg, conf_keys[i].name, on_value);
	cfg_set_error_function(cfg, on_error);
	cfg->title = (char *)(void *)c;
	cfg->filename = strdup(name);
	fp = fmemopen((void *)text, len, "r");
	r = -ENOMEM;
	if (cfg->filename && fp)
		r = cfg_parse_fp(cfg, fp) == CFG_SUCCESS && !c->failed ? 0 : NV_E_BAD_CONFIG;
	cfg->title = NULL;
	if (fp)
		fclose(fp);
	cfg_free(cfg);
	return r;
}

/*
 * libconfuse knows escapes, environment variables and includes; a
 * configuration that a service reads needs none of them, and what it does
 * with a stray control character is not worth knowing.
 */
static int check_text(const char *name, const char *text, size_t len, struct nv_why *why)
{
	int line = 1;
	size_t i;

	if (len > CONF_MAX_BYTES)
		return nv_refuse(why, NV_E_BAD_CONFIG, "%s: %zu bytes, at most %d are read", name, len, CONF_MAX_BYTES);
	for (i = 0; i < len; i++) {
		unsigned char ch = (unsigned char)text[i];

		if (ch == '\n')
			line++;
		else if ((ch < ' ' && ch != '\t') || ch == 0x7f)
			return nv_refuse(why, NV_E_BAD_CONFIG, "%s:%d: a control character (byte 0x%02x)", name, line,
					 ch);
		else if (ch == '$')
			return nv_refuse(why, NV_E_BAD_CONFIG, "%s:%d: '$' is not possible: variables are not replaced",
					 name, line);
	}
	return 0;
}

int conf_parse(const char *name, const char *text, size_t len, struct settings *ret, struct nv_why *why)
{
	struct settings s;
	struct nv_why local;
	struct conf_ctx c = { .settings = &s, .why = why ? why : &local };
	nv_cleanup(nv_freep) char *plain = NULL;
	int r;

	conf_defaults(&s);
	c.why->text[0] = '\0';
	r = check_text(name, text, len, c.why);
	if (!r && len) {
		plain = without_comments(text, len);
		r = plain ? confuse(name, plain, len, &c) : -ENOMEM;
	}
	if (r == NV_E_BAD_CONFIG && !c.why->text[0])
		nv_refuse(c.why, r, "%s: not a configuration file", name);
	if (!r && s.large_alignment < s.alignment)
		r = nv_refuse(c.why, NV_E_BAD_CONFIG, "%s: large_alignment is smaller than alignment", name);
	if (!r)
		*ret = s;
	return r;
}

char *conf_example(void)
{
	char *text = NULL;
	size_t len, i;
	FILE *fp = open_memstream(&text, &len);

	if (!fp)
		return NULL;
	fprintf(fp,
		"# nvdimmd.conf - what nvdimmd(8) can be told; see nvdimmd.conf(5).\n"
		"# Every key stands here with its default. 'nvdimmd --check-config' checks the\n"
		"# file; 'systemctl reload nvdimmd' makes the daemon read it again. Keys marked\n"
		"# (restart) take effect at the next start.\n");
	for (i = 0; i < NV_ARRAY_SIZE(conf_keys); i++) {
		const struct conf_key *k = &conf_keys[i];
		const char *p;

		fprintf(fp, "\n# ");
		for (p = k->help; *p; p++) {
			fputc(*p, fp);
			if (*p == '\n')
				fprintf(fp, "# ");
		}
		fprintf(fp, "%s\n#%s = \"%s\"\n", k->restart ? " (restart)" : "", k->name, k->def);
	}
	if (fclose(fp)) {
		free(text);
		return NULL;
	}
	return text;
}

const char *conf_restart_key(const struct settings *a, const struct settings *b)
{
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(conf_keys); i++) {
		const struct conf_key *k = &conf_keys[i];

		if (k->restart && strcmp((const char *)a + k->offset, (const char *)b + k->offset))
			return k->name;
	}
	return NULL;
}
