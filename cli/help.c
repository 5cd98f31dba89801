/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/help.c - help, synopses and completion from the table of verbs.
 */
#include <stdio.h>
#include <string.h>

#include "cli/ctl.h"

static const struct verb_option global_options[] = {
	{ "json", 'j', NULL, WORD_ANY, "print one JSON object instead of text", false },
	{ "socket", 's', "PATH", WORD_FILE, "nvdimmd's socket; default: $NVDIMMD_SOCKET, else " RUNSTATEDIR "/nvdimmd/nvdimmd.sock", false },
	{ "yes", 'y', NULL, WORD_ANY, "do not ask before something that cannot be undone", false },
	{ "help", 'h', NULL, WORD_ANY, "this help, or with a verb the verb's", false },
	{ "version", 'V', NULL, WORD_ANY, "nvctl's version", false },
};

const struct verb_option *help_globals(size_t *ret_n)
{
	*ret_n = NV_ARRAY_SIZE(global_options);
	return global_options;
}

void help_synopsis(FILE *f, const struct verb *v)
{
	size_t form, i;

	for (form = 0; form < NV_ARRAY_SIZE(v->forms) && v->forms[form]; form++) {
		fprintf(f, "nvctl %s%s%s", v->name, v->forms[form][0] ? " " : "",
			v->forms[form]);
		for (i = 0; i < v->n_options; i++)
			if (!v->options[i].in_form)
				fprintf(f, " [--%s%s%s]", v->options[i].name,
					v->options[i].value ? " " : "",
					v->options[i].value ? v->options[i].value : "");
		fputc('\n', f);
	}
}

static void help_options(FILE *f, const struct verb_option *o, size_t n)
{
	char left[64];

	for (; n; o++, n--) {
		snprintf(left, sizeof(left), "%s%c%s--%s%s%s",
			 o->letter ? "-" : "", o->letter ? o->letter : ' ',
			 o->letter ? ", " : "   ", o->name,
			 o->value ? " " : "", o->value ? o->value : "");
		fprintf(f, "  %-22s %s\n", left, o->help);
	}
}

void help_verb(FILE *f, const struct verb *v)
{
	char lines[2048] = "", *line, *save = NULL;
	FILE *m = fmemopen(lines, sizeof(lines), "w");
	const char *lead = "usage: ";

	if (m) {
		help_synopsis(m, v);
		fclose(m);
	}
	for (line = strtok_r(lines, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save), lead = "       ")
		fprintf(f, "%s%s\n", lead, line);
	fprintf(f, "\n%c%s.\n", v->summary[0] - ('a' - 'A'), v->summary + 1);
	if (v->help)
		fprintf(f, "%s\n", v->help);
	if (v->n_options)
		fputc('\n', f);
	help_options(f, v->options, v->n_options);
}

void help_all(FILE *f)
{
	const struct verb *v;
	size_t n, i;

	fprintf(f, "usage: nvctl [OPTIONS] [VERB ...]\n\n"
		   "Persistent memory for Xen guests: what nvdimmd has, and what it shall do.\n\n");
	v = verbs(&n);
	for (i = 0; i < n; i++)
		fprintf(f, "  %-15s %s\n", v[i].name, v[i].summary);
	fputc('\n', f);
	help_options(f, global_options, NV_ARRAY_SIZE(global_options));
	fprintf(f, "\nSizes: 4096, 0x1000, 2M, 1.5GiB (1024) or 2MB (1000). Help for a verb:\n"
		   "'nvctl VERB --help'. Exit status: 0; 1 it failed; 2 wrong usage; others in nvctl(1).\n");
}
