/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-show.c - nvctl's output, letter by letter, against tests/golden.
 *
 * Each case is a reply and a terminal. To take over what is printed now as
 * right: NV_GOLDEN=write tests/unit/test-show, then read the difference.
 */
#include "cli/ctl.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli/table.h"
#include "tests/lib/cm.h"
#include "tests/lib/shown.h"

static const struct term pipe_ascii = { 0, false, false, false };
static const struct term narrow = { 60, false, false, false };
static const struct term ascii80 = { 80, false, false, false };
static const struct term fancy80 = { 80, true, true, true };
static const struct term plain100 = { 100, true, true, false };

/* ---- cases ---- */

static const struct {
	const char *file, *verb;
	const struct term *term; /* NULL: JSON */
	void (*make)(void *reply);
} cases[] = {
	{ "status-80", "status", &ascii80, make_status },
	{ "status-80-colour", "status", &fancy80, make_status },
	{ "status-100-no-colour", "status", &plain100, make_status },
	{ "status-60", "status", &narrow, make_status },
	{ "status-pipe", "status", &pipe_ascii, make_status },
	{ "status-json", "status", NULL, make_status },
	{ "status-empty", "status", &ascii80, make_status_empty },
	{ "status-empty-json", "status", NULL, make_status_empty },
	{ "pool-list-80", "pool list", &ascii80, make_pools },
	{ "pool-list-json", "pool list", NULL, make_pools },
	{ "pool-list-empty", "pool list", &ascii80, make_nothing },
	{ "pool-list-empty-json", "pool list", NULL, make_nothing },
	{ "volume-list-80", "volume list", &ascii80, make_volumes },
	{ "volume-list-60", "volume list", &narrow, make_volumes },
	{ "volume-list-100", "volume list", &plain100, make_volumes },
	{ "volume-list-pipe", "volume list", &pipe_ascii, make_volumes },
	{ "volume-list-json", "volume list", NULL, make_volumes },
	{ "volume-list-empty", "volume list", &ascii80, make_nothing },
	{ "volume-list-empty-json", "volume list", NULL, make_nothing },
	{ "volume-show-80", "volume show", &ascii80, make_volume },
	{ "volume-show-json", "volume show", NULL, make_volume },
	{ "volume-create", "volume create", &ascii80, make_created },
	{ "volume-create-json", "volume create", NULL, make_created },
	{ "map", "map", &plain100, make_mapped },
	{ "map-json", "map", NULL, make_mapped },
	{ "unmap", "unmap", &ascii80, make_nothing },
	{ "unmap-json", "unmap", NULL, make_nothing },
	{ "guest-list-80", "guest list", &ascii80, make_guests },
	{ "guest-list-60", "guest list", &narrow, make_guests },
	{ "guest-list-colour", "guest list", &fancy80, make_guests },
	{ "guest-list-pipe", "guest list", &pipe_ascii, make_guests },
	{ "guest-list-json", "guest list", NULL, make_guests },
	{ "guest-list-empty", "guest list", &ascii80, make_nothing },
	{ "guest-list-empty-json", "guest list", NULL, make_nothing },
	{ "guest-show", "guest show", &ascii80, make_guest_hvm },
	{ "guest-show-json", "guest show", NULL, make_guest_hvm },
	{ "guest-show-none", "guest show", &ascii80, make_guest_no_firmware },
	{ "guest-add", "guest add", &ascii80, make_guest_waits },
	{ "guest-add-json", "guest add", NULL, make_guest_waits },
	{ "guest-add-run", "guest add", &ascii80, make_guest_has },
	{ "guest-remove", "guest remove", &ascii80, make_guest_waits },
	{ "guest-remove-mapped", "guest remove", &ascii80, make_guest_has },
	{ "events-80", "events", &ascii80, make_events },
	{ "events-colour", "events", &fancy80, make_events },
	{ "events-json", "events", NULL, make_events },
	{ "why", "why", &ascii80, make_why },
	{ "why-json", "why", NULL, make_why },
	{ "why-nothing", "why", &ascii80, make_nothing },
	{ "events-empty", "events", &ascii80, make_nothing },
};

static const struct verb *find(const char *name)
{
	const struct verb *v;
	size_t n;

	for (v = verbs(&n); n; v++, n--)
		if (!strcmp(v->name, name))
			return v;
	fail_msg("no verb %s", name);
	return NULL;
}

static char *print(const char *verb, const struct term *term,
		   void (*make)(void *reply))
{
	struct ctl x = {
		.output = term ? &output_text : &output_json,
		.verb = find(verb),
		.err = stderr,
	};
	const struct fields *t = wire_method(x.verb->method)->reply;
	void *reply = calloc(1, t->size + 1);
	char *text = NULL;
	size_t size;

	if (term)
		x.term = *term;
	x.out = open_memstream(&text, &size);
	make(reply);
	x.output->result(&x, t, reply);
	fclose(x.out);
	fields_release(t, reply);
	free(reply);
	return text;
}

static void golden_path(const char *file, char *path, size_t size)
{
	const char *srcdir = getenv("srcdir");

	snprintf(path, size, "%s/tests/golden/%s.txt", srcdir ? srcdir : ".",
		 file);
}

static void compare(const char *file, const char *text)
{
	const char *mode = getenv("NV_GOLDEN");
	static char want[65536];
	char path[4096];
	FILE *f;

	golden_path(file, path, sizeof(path));
	if (mode && !strcmp(mode, "write")) {
		f = fopen(path, "w");
		assert_non_null(f);
		fputs(text, f);
		fclose(f);
	}
	f = fopen(path, "r");
	if (!f)
		fail_msg("%s is missing", path);
	want[fread(want, 1, sizeof(want) - 1, f)] = '\0';
	fclose(f);
	if (strcmp(want, text))
		fail_msg("%s differs; now it is:\n%s", path, text);
}

static void test_every_case_prints_as_its_golden_file(void **state)
{
	char *text;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(cases); i++) {
		text = print(cases[i].verb, cases[i].term, cases[i].make);
		compare(cases[i].file, text);
		free(text);
	}
}

static void test_no_line_is_wider_than_the_terminal(void **state)
{
	char *text, *line, *save;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(cases); i++) {
		/* tables must fit; sentences may wrap */
		if (!cases[i].term || !cases[i].term->columns ||
		    cases[i].term->colour)
			continue;
		text = print(cases[i].verb, cases[i].term, cases[i].make);
		for (line = strtok_r(text, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save))
			if (line[0] == ' ' && line[1] == ' ' && !strchr(line, ':') &&
			    term_width(cases[i].term, line) > NV_MAX(cases[i].term->columns, 80u))
				fail_msg("%s: %u columns: %s", cases[i].file,
					 term_width(cases[i].term, line), line);
		free(text);
	}
}

static void test_nothing_that_a_terminal_obeys_is_printed(void **state)
{
	const unsigned char *s;
	char *text;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(cases); i++) {
		if (cases[i].term && cases[i].term->colour)
			continue;
		text = print(cases[i].verb, cases[i].term, cases[i].make);
		for (s = (unsigned char *)text; *s; s++) {
			assert_false((*s < 0x20 && *s != '\n') || *s == 0x7f);
			assert_false(s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0);
			assert_false(s[0] == 0xe2 && s[1] == 0x80 && s[2] == 0xae);
		}
		free(text);
	}
}

/* With colours: only the sequences that term.c has. */
static void test_colours_end_where_they_began(void **state)
{
	char *text = print("status", &fancy80, make_status), *s;
	int on = 0, off = 0;

	for (s = text; (s = strchr(s, '\033')); s++) {
		assert_int_equal(s[1], '[');
		if (s[2] == '0')
			off++;
		else
			on++;
	}
	assert_true(on > 4);
	assert_int_equal(on, off);
	free(text);
}

static void test_a_bar_shows_one_bad_page_at_any_width(void **state)
{
	char map[VIEW_CELLS + 1], *text;
	unsigned int width, bad;
	size_t size;
	FILE *f;

	for (width = 1; width <= 100; width++) {
		for (bad = 0; bad < VIEW_CELLS; bad++) {
			memset(map, 'f', VIEW_CELLS);
			map[VIEW_CELLS] = '\0';
			map[bad] = 'b';
			f = open_memstream(&text, &size);
			bar_print(&ascii80, f, map, width);
			fclose(f);
			assert_int_equal(size, width);
			assert_non_null(strchr(text, '!'));
			free(text);
		}
	}
}

static void test_text_is_cut_at_a_letter(void **state)
{
	char text[64];

	strcpy(text, "b\xc3\xa4rb\xc3\xa4r");
	term_cut(&plain100, text, sizeof(text), 5);
	assert_string_equal(text, "b\xc3\xa4rb\xe2\x80\xa6");
	strcpy(text, "barbar");
	term_cut(&ascii80, text, sizeof(text), 5);
	assert_string_equal(text, "ba...");
	term_cut(&ascii80, text, sizeof(text), 5);
	assert_string_equal(text, "ba...");
	/* a letter two columns wide does not fit in one */
	strcpy(text, "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e");
	assert_int_equal(term_width(&plain100, text), 6);
	term_cut(&plain100, text, sizeof(text), 4);
	assert_string_equal(text, "\xe6\x97\xa5\xe2\x80\xa6");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_case_prints_as_its_golden_file),
		cmocka_unit_test(test_no_line_is_wider_than_the_terminal),
		cmocka_unit_test(test_nothing_that_a_terminal_obeys_is_printed),
		cmocka_unit_test(test_colours_end_where_they_began),
		cmocka_unit_test(test_a_bar_shows_one_bad_page_at_any_width),
		cmocka_unit_test(test_text_is_cut_at_a_letter),
	};

	setlocale(LC_ALL, "C.UTF-8");
	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
