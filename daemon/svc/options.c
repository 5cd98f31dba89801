/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/options.c - nvdimmd's command line and configuration file, as settings.
 */
#include "svc/options.h"

#include <fcntl.h>
#include <string.h>

#include "codec/conf.h"

#define CONFIG_FILE SYSCONFDIR "/nvdimmd/nvdimmd.conf"

struct option_row {
	const char *name;
	const char *arg;  /* NULL: takes none */
	const char *key;  /* the setting that it stands for */
	enum options_job job;
	const char *help;
};

static const struct option_row option_rows[] = {
	{ "config", "FILE", NULL, JOB_SERVE, "read FILE instead of " CONFIG_FILE },
	{ "hypervisor", "WHERE", "hypervisor", JOB_SERVE, "\"xen\", or \"sim:PATH\" with nvdimm-sim's socket" },
	{ "topology", "FILE", "topology", JOB_SERVE, "persistent memory as described in FILE, not by the kernel" },
	{ "state", "DIR", "state_dir", JOB_SERVE, "keep the database in DIR" },
	{ "socket", "PATH", "socket", JOB_SERVE, "listen at PATH" },
	{ "foreground", NULL, NULL, JOB_SERVE, "stay in the foreground, as always; accepted for scripts that say it" },
	{ "check-config", NULL, NULL, JOB_CHECK_CONFIG, "check the configuration file and exit" },
	{ "default-config", NULL, NULL, JOB_DEFAULT_CONFIG, "print a file with every key and exit" },
	{ "restore", "FILE", NULL, JOB_RESTORE, "make the backup FILE the database and exit" },
	{ "help", NULL, NULL, JOB_HELP, "print this and exit" },
	{ "version", NULL, NULL, JOB_VERSION, "print the version and exit" },
};

static const struct option_row *option_find(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(option_rows); i++)
		if (strlen(option_rows[i].name) == len && !strncmp(option_rows[i].name, text, len))
			return &option_rows[i];
	return NULL;
}

/*
 * One option with its argument, "--x y" or "--x=y".
 * Return: how many words it takes; NV_E_BAD_REQUEST negated.
 */
static int option_next(int argc, char **argv, const struct option_row **ret, const char **ret_arg, struct nv_why *why)
{
	const char *text = argv[0], *eq;
	const struct option_row *row;

	if (strncmp(text, "--", 2))
		return -nv_refuse(why, NV_E_BAD_REQUEST, "\"%s\" is no option: see 'nvdimmd --help'", text);
	text += 2;
	eq = strchr(text, '=');
	row = option_find(text, eq ? (size_t)(eq - text) : strlen(text));
	if (!row)
		return -nv_refuse(why, NV_E_BAD_REQUEST, "there is no option %s: see 'nvdimmd --help'", argv[0]);
	*ret = row;
	*ret_arg = NULL;
	if (!row->arg)
		return eq ? -nv_refuse(why, NV_E_BAD_REQUEST, "--%s takes no argument", row->name) : 1;
	if (!eq && argc < 2)
		return -nv_refuse(why, NV_E_BAD_REQUEST, "--%s needs an argument: %s", row->name, row->arg);
	*ret_arg = eq ? eq + 1 : argv[1];
	return eq ? 1 : 2;
}

int options_parse(int argc, char **argv, struct options *ret, struct nv_why *why)
{
	struct options o = { .job = JOB_SERVE, .argc = argc, .argv = argv };
	const struct option_row *row;
	const char *arg;
	int i, n;

	for (i = 1; i < argc; i += n) {
		n = option_next(argc - i, argv + i, &row, &arg, why);
		if (n < 0)
			return -n;
		if (row->job != JOB_SERVE && o.job != JOB_HELP)
			o.job = row->job;
		if (row->job == JOB_RESTORE)
			o.restore = arg;
		else if (arg && !row->key)
			o.config = arg;
	}
	*ret = o;
	return 0;
}

/* *@ret is NULL if there is no file and none was asked for. */
static int config_read(const struct options *o, char **ret, size_t *ret_len, struct nv_why *why)
{
	nv_cleanup(nv_freep) char *text = malloc(CONF_MAX_BYTES + 1);
	nv_cleanup(nv_closep) int fd = -1;
	size_t len = 0;
	ssize_t n;

	if (!text)
		return nv_refuse(why, -ENOMEM, "no memory");
	fd = open(options_file(o), O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && !o->config) {
		*ret_len = 0;
		return 0;
	}
	if (fd < 0)
		return nv_refuse(why, NV_E_BAD_CONFIG, "%s: %s", options_file(o), strerror(errno));
	/* One byte more than is allowed shows that there is more. */
	while (len <= CONF_MAX_BYTES) {
		n = read(fd, text + len, CONF_MAX_BYTES + 1 - len);
		if (n < 0)
			return nv_refuse(why, NV_E_BAD_CONFIG, "%s: %s", options_file(o), strerror(errno));
		if (!n)
			break;
		len += (size_t)n;
	}
	*ret = nv_steal(&text);
	*ret_len = len;
	return 0;
}

int options_settings(const struct options *o, struct settings *ret, struct nv_why *why)
{
	nv_cleanup(nv_freep) char *text = NULL;
	const struct option_row *row;
	struct settings s;
	const char *arg;
	size_t len = 0;
	int r, i, n;

	r = config_read(o, &text, &len, why);
	if (!r)
		r = conf_parse(options_file(o), text, len, &s, why);
	for (i = 1; i < o->argc && !r; i += n) {
		n = option_next(o->argc - i, o->argv + i, &row, &arg, why);
		if (n < 0)
			return -n;
		if (row->key)
			r = conf_set(&s, row->key, arg, why);
	}
	if (!r)
		*ret = s;
	return r;
}

const char *options_file(const struct options *o)
{
	return o->config ? o->config : CONFIG_FILE;
}

void options_help(FILE *fp)
{
	char left[32];
	size_t i;

	fprintf(fp, "usage: nvdimmd [OPTION]...\n\n"
		    "Persistent memory for Xen guests; see nvdimmd(8) and nvctl(1).\n\n");
	for (i = 0; i < NV_ARRAY_SIZE(option_rows); i++) {
		const struct option_row *row = &option_rows[i];

		snprintf(left, sizeof(left), "--%s%s%s", row->name, row->arg ? " " : "", row->arg ? row->arg : "");
		fprintf(fp, "  %-22s %s\n", left, row->help);
	}
}
