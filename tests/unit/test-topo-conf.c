/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-topo-conf.c - a topology file says what it says, or is refused with
 * its line.
 */
#include "codec/topo_conf.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/cm.h"

#define UUID1 "5f3e1d2c-0b1a-4c5d-8e9f-112233445566"
#define UUID2 "5f3e1d2c-0b1a-4c5d-8e9f-112233445567"

static int parse(const char *text, struct topo **ret, struct nv_why *why)
{
	return topo_conf_parse("t.conf", text, strlen(text), ret, why);
}

static const char whole[] =
	"# a comment\n"
	"region \"region1\" {\n"
	"	spa = \"0x180000000\"\n"
	"	size = 4GiB\n"
	"	cookie = \"0x1234\"\n"
	"	numa_node = \"1\"\n"
	"	persistence = \"cpu_cache\"\n"
	"	read_only = \"true\"\n"
	"	namespace \"namespace1.0\" {}\n"
	"}\n"
	"region \"region0\" {\n"
	"	spa = \"0x140000000\"\n"
	"	size = \"256 MiB\"\n"
	"	bad = { \"0x7000\", \"1MiB+8KiB\" }\n"
	"	dimm \"nmem0\" {\n"
	"		id = \"8680-56341200\" handle = \"1\" serial = \"0x12\"\n"
	"		health = { \"critical\", \"failed_arm\" }\n"
	"	}\n"
	"	namespace \"namespace0.0\" {\n"
	"		uuid = \"" UUID1 "\" size = \"128 MiB\"\n"
	"		label = \"fast\" block = \"pmem0\" mode = \"fsdax\"\n"
	"		used_by = { \"mount /srv\", \"opener my dd 4711\" }\n"
	"	}\n"
	"	namespace \"namespace0.1\" { uuid = \"" UUID2 "\"\n"
	"		enabled = \"false\" }\n"
	"}\n";

static void test_every_key_arrives(void **state)
{
	nv_cleanup(topo_freep) struct topo *t = NULL;
	const struct topo_region *r;
	const struct topo_ns *ns;
	struct nv_why why;

	assert_int_equal(parse(whole, &t, &why), 0);
	assert_int_equal(t->nr_regions, 2);
	r = &t->regions[0];
	assert_string_equal(r->name, "region0");
	assert_int_equal(r->spa, 0x140000000);
	assert_int_equal(r->size, 256 << 20);
	assert_int_equal(r->numa_node, -1);
	assert_int_equal(r->persistence, TOPO_PERSISTENCE_UNKNOWN);
	assert_true(r->labelled && r->enabled && !r->read_only);
	assert_int_equal(r->nr_bad, 2);
	assert_int_equal(r->bad[0].offset, 0x7000);
	assert_int_equal(r->bad[0].nr, 1);
	assert_int_equal(r->bad[1].offset, 1 << 20);
	assert_int_equal(r->bad[1].nr, 2);
	assert_int_equal(r->nr_dimms, 1);
	assert_string_equal(r->dimms[0].id, "8680-56341200");
	assert_int_equal(r->dimms[0].serial, 0x12);
	assert_int_equal(r->dimms[0].health,
			 TOPO_HEALTH_CRITICAL | TOPO_HEALTH_FAILED_ARM);
	assert_int_equal(r->nr_namespaces, 2);
	ns = &r->namespaces[0];
	assert_string_equal(ns->label, "fast");
	assert_string_equal(ns->block, "pmem0");
	assert_int_equal(ns->mode, TOPO_MODE_FSDAX);
	assert_int_equal(ns->nr_users, 2);
	assert_string_equal(ns->users[0].name, "/srv");
	assert_string_equal(ns->users[1].name, "my dd");
	assert_int_equal(ns->users[1].pid, 4711);
	assert_true(ns->enabled);
	/* What is not said: after the one before, to the region's end. */
	ns = &r->namespaces[1];
	assert_int_equal(ns->spa, 0x140000000 + (128 << 20));
	assert_int_equal(ns->size, 128 << 20);
	assert_int_equal(ns->mode, TOPO_MODE_RAW);
	assert_false(ns->enabled);

	r = &t->regions[1];
	assert_int_equal(r->cookie, 0x1234);
	assert_int_equal(r->numa_node, 1);
	assert_int_equal(r->persistence, TOPO_PERSISTENCE_CPU_CACHE);
	assert_true(r->read_only && r->namespaces[0].read_only);
	assert_true(r->namespaces[0].id_derived);
}

#define R(body) "region \"r\" {\n spa = \"0\"\n size = \"1G\"\n" body "\n}\n"
#define N(body) R(" namespace \"n\" {\n" body "\n }")

static void test_what_is_wrong_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text;
		const char *sentence; /* its beginning */
	} cases[] = {
		{ "", "t.conf: is empty" },
		{ "hello\n", "t.conf:1: no such option 'hello'" },
		{ "\nregion \"r\" {\n nonsense = \"1\"\n}\n", "t.conf:3: " },
		{ "region \"r\" { spa = \"0\" }\n",
		  "t.conf:1: region \"r\" has no size" },
		{ "region \"r\" {\n size = \"1G\"\n}\n",
		  "t.conf:3: region \"r\" has no spa" },
		{ "region \"../x\" { spa = \"0\" size = \"1G\" }",
		  "t.conf:1: the name of region \"../x\" must be" },
		{ "region \".x\" { spa = \"0\" size = \"1G\" }", "t.conf:1: " },
		{ "region \"r\" {\n spa = \"a lot\"\n",
		  "t.conf:2: spa is \"a lot\" but must be a number of bytes" },
		{ R(" numa_node = \"4096\""), "t.conf:4: numa_node is" },
		{ R(" persistence = \"perhaps\""), "t.conf:4: persistence" },
		{ R(" read_only = \"yes\""), "t.conf:4: read_only is \"yes\"" },
		{ R(" bad = { \"0\",\n\"-1\" }"), "t.conf:5: bad is \"-1\"" },
		{ R(" bad = { \"1G\" }"), "t.conf:5: bad \"1G\" is not within" },
		{ R(" bad = { \"4K+1G\" }"), "t.conf:5: bad \"4K+1G\" is not" },
		{ R(" bad = { \"0+0\" }"), "t.conf:4: bad is \"0+0\"" },
		{ R(" dimm \"d\" { health = { \"bad\" } }"),
		  "t.conf:4: health is \"bad\"" },
		{ N("uuid = \"1234\""), "t.conf:5: uuid is \"1234\"" },
		{ N("size = \"1M\""), "t.conf:6: namespace \"n\" has no uuid" },
		{ N("mode = \"blue\""), "t.conf:5: mode is" },
		{ N("used_by = { \"cat\" }"), "t.conf:5: used_by is" },
		{ N("used_by = { \"opener dd\" }"), "t.conf:5: used_by is" },
		{ N("used_by = { \"opener dd x\" }"), "t.conf:5: used_by is" },
		{ N("uuid = \"" UUID1 "\" offset = \"1G\""),
		  "t.conf:6: namespace \"n\" begins after the end" },
		{ N("uuid = \"" UUID1 "\" size = \"2G\""),
		  "t.conf: n (SPA 0x0, size 0x80000000) was left out" },
		{ N("uuid = \"" UUID1 "\" size = \"1000\""), "t.conf: n (SPA" },
		{ R("") R(""), "t.conf:6: found duplicate title 'r'" },
		{ R("") "region \"s\" { spa = \"512M\" size = \"1G\" }",
		  "t.conf: r and s were left out: they overlap" },
		{ "region \"r\" { spa = \"0xfffffffffffff000\" size = \"8K\" }",
		  "t.conf: r (SPA" },
		{ "region \"${HOME}\" {}", "t.conf:1: a character that has no" },
		{ "region \"a\\n\" {}", "t.conf:1: a character that has no" },
		{ "include(\"/etc/passwd\")\n", "t.conf:1: " },
		{ "region \"r\" {", "t.conf:1: " },
		{ "region { }", "t.conf:1: " },
		{ "region \"r\" { spa = \"", "t.conf:1: " },
	};
	struct topo *t = NULL;
	struct nv_why why;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(cases); i++) {
		assert_int_equal(parse(cases[i].text, &t, &why),
				 NV_E_BAD_CONFIG);
		assert_null(t);
		if (strncmp(why.text, cases[i].sentence,
			    strlen(cases[i].sentence)))
			fail_msg("%s\n-> %s", cases[i].text, why.text);
	}
}

static void test_bytes_that_are_no_text_are_refused(void **state)
{
	static const char nul[] = "region \"r\" {\n\0}";
	struct topo *t = NULL;
	struct nv_why why;

	assert_int_equal(topo_conf_parse("t.conf", nul, sizeof(nul), &t, &why),
			 NV_E_BAD_CONFIG);
	assert_string_equal(why.text, "t.conf:2: a character that has no place "
				      "here (0x00)");
	assert_int_equal(parse("region \"\xff\" {}", &t, &why),
			 NV_E_BAD_CONFIG);
}

static void test_after_a_refusal_the_next_file_reads(void **state)
{
	nv_cleanup(topo_freep) struct topo *t = NULL;
	struct nv_why why;

	assert_int_equal(parse("region \"r\" { spa = \"", &t, &why),
			 NV_E_BAD_CONFIG);
	assert_int_equal(parse(whole, &t, &why), 0);
}

static void test_thousands_of_bad_ranges_are_read(void **state)
{
	nv_cleanup(topo_freep) struct topo *t = NULL;
	nv_cleanup(nv_freep) char *text = NULL;
	struct nv_why why;
	size_t len, i;
	FILE *f;

	f = open_memstream(&text, &len);
	fprintf(f, "region \"r\" { spa = \"0\" size = \"1T\" bad = { \"0\"");
	for (i = 1; i < 20000; i++)
		fprintf(f, ",\n\"%zu\"", i * 8192);
	fprintf(f, "} }");
	fclose(f);
	assert_int_equal(topo_conf_parse("t.conf", text, len, &t, &why), 0);
	assert_int_equal(t->regions[0].nr_bad, 20000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_key_arrives),
		cmocka_unit_test(test_what_is_wrong_is_refused_with_its_line),
		cmocka_unit_test(test_bytes_that_are_no_text_are_refused),
		cmocka_unit_test(test_after_a_refusal_the_next_file_reads),
		cmocka_unit_test(test_thousands_of_bad_ranges_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
