/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * help.c - the verb table in words: usage, one verb, and the man page's list.
 */
#include "help.h"

#include <string.h>

static const char *value_name(const struct arg *a)
{
	switch (a->kind) {
	case ARG_WORD:
		return a->words;
	case ARG_NUMBER:
		return "N";
	case ARG_UUID:
		return "UUID";
	case ARG_FLAG:
		return NULL;
	default:
		return "TEXT";
	}
}

void help_synopsis(FILE *f, const struct verb *v)
{
	const struct arg *a;

	fprintf(f, "%s", v->name);
	for (a = v->args; a->name; a++) {
		fprintf(f, a->required ? " %s" : " [%s", a->name);
		if (*a->name == '-' && value_name(a))
			fprintf(f, " %s", value_name(a));
		if (!a->required)
			fprintf(f, "]");
	}
	fprintf(f, "\n");
}

void help_usage(FILE *f, const char *socket)
{
	const struct verb *v;

	fprintf(f,
		"usage: nvdimm-sim ctl [--socket PATH] [--json] [--timeout MS] VERB ...\n"
		"\n"
		"  --socket PATH  of the simulator; default: $NVDIMM_SIM_SOCKET, else\n"
		"                 %s\n"
		"  --json         the answer as JSON\n"
		"  --timeout MS   how long to wait for an answer (default 10000)\n"
		"\n"
		"Numbers are like 4096, 0x1000 or 2M. 'nvdimm-sim ctl VERB --help'\n"
		"explains a verb's arguments. The verbs are:\n"
		"\n",
		socket);
	for (v = verbs; v->name; v++) {
		fprintf(f, "  ");
		help_synopsis(f, v);
		fprintf(f, "      %s\n", v->help);
	}
}

void help_verb(FILE *f, const struct verb *v)
{
	const struct arg *a;

	fprintf(f, "usage: nvdimm-sim ctl ");
	help_synopsis(f, v);
	fprintf(f, "%s\n", v->help);
	if (v->args->name)
		fprintf(f, "\n");
	for (a = v->args; a->name; a++)
		fprintf(f, "  %-16s %s\n", a->name, a->help);
}

/* scdoc takes an underscore for the beginning of underlined text. */
static void scdoc_text(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (strchr("_*\\", *text))
			fputc('\\', f);
		fputc(*text, f);
	}
}

static void scdoc_arg(FILE *f, const struct arg *a)
{
	bool option = *a->name == '-';

	fputc(option ? '*' : '_', f);
	scdoc_text(f, a->name);
	fputc(option ? '*' : '_', f);
	if (!option || !value_name(a))
		return;
	fputs(a->kind == ARG_WORD ? " " : " _", f);
	scdoc_text(f, value_name(a));
	fputs(a->kind == ARG_WORD ? "" : "_", f);
}

void help_scdoc(FILE *f)
{
	const struct verb *v;
	const struct arg *a;

	for (v = verbs; v->name; v++) {
		fprintf(f, "*%s*", v->name);
		for (a = v->args; a->name; a++) {
			fputs(a->required ? " " : " [", f);
			scdoc_arg(f, a);
			fputs(a->required ? "" : "]", f);
		}
		fputs("\n\t", f);
		scdoc_text(f, v->help);
		fputs(".\n\n", f);
		for (a = v->args; a->name; a++) {
			fputs("\t- ", f);
			scdoc_arg(f, a);
			fputs(": ", f);
			scdoc_text(f, a->help);
			fputs(a[1].name ? "\n" : "\n\n", f);
		}
	}
}
