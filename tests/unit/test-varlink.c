/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-varlink.c - strict JSON, messages cut from bytes, calls, replies, errors.
 */
#include "codec/varlink.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "codec/base64.h"
#include "codec/strict.h"
#include "tests/lib/cm.h"

static void test_only_json_with_one_meaning_is_read(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} cases[] = {
		{ "{}", true },
		{ " {\"a\" : [ 1 , -2 , true , null , \"\\u00e4\\\"\" ] } ", true },
		{ "{\"a\":9223372036854775807}", true },
		{ "{\"a\":{\"a\":1}}", true },
		{ "{\"a:\":\"{[:\"}", true },
		{ "", false },
		{ "[]", false },
		{ "1", false },
		{ "{", false },
		{ "}", false },
		{ "{}{}", false },
		{ "{} x", false },
		{ "{\"a\":1,}", false },
		{ "{'a':1}", false },
		{ "{\"a\":1,\"a\":2}", false },
		{ "{\"a\":1,\"\\u0061\":2}", false },
		{ "{\"b\":[{\"a\":1,\"a\":1}]}", false },
		{ "{\"a\":/**/1}", false },
		{ "{\"a\":NaN}", false },
		{ "{\"a\":-Infinity}", false },
		{ "{\"a\":True}", false },
		{ "{\"a\":01}", false },
		{ "{\"a\":18446744073709551616}", false },
		{ "{\"a\":-99999999999999999999}", false },
		{ "{\"a\":\"\t\"}", false },
		{ "{\"a\":\"\n\"}", false },
		{ "{\"a\":\"\xff\"}", false },
		{ "{\"a\":\"\xc0\xaf\"}", false },
		{ "{\"a\":\"\xe0\x80\x80\"}", false },
		{ "{\"a\":\"\xed\xa0\x80\"}", false },
		{ "{\"a\":\"\xf4\x90\x80\x80\"}", false },
		{ "{\"a\":\"\xf0\x9f\x92\"}", false },
		{ "{\"a\":\"\\", false },
		{ "{\"a\":\"\\x\"}", false },
		{ "\xef\xbb\xbf{}", false },
		{ "\v{}", false },
	};
	struct json_object *o;
	size_t i;
	int r;

	for (i = 0; i < NV_ARRAY_SIZE(cases); i++) {
		o = NULL;
		r = strict_parse(cases[i].text, strlen(cases[i].text), NULL, &o);
		if (r != (cases[i].ok ? 0 : NV_E_BAD_REQUEST))
			fail_msg("%s: %d", cases[i].text, r);
		assert_int_equal(!!o, cases[i].ok);
		json_object_put(o);
	}
}

static void test_a_refused_message_names_the_byte(void **state)
{
	struct json_object *o;
	struct nv_why why;

	assert_int_equal(strict_parse("{\"a\":\"\xff\"}", 8, &why, &o), NV_E_BAD_REQUEST);
	assert_string_equal(why.text, "the message is no valid JSON: bytes that are not UTF-8 at byte 6");
}

static void test_depth_is_limited(void **state)
{
	char text[200000];
	struct json_object *o;
	int depth;

	for (depth = STRICT_DEPTH - 1; depth <= STRICT_DEPTH; depth++) {
		snprintf(text, sizeof(text), "{\"a\":%.*s1%.*s}", depth,
			 "[[[[[[[[[[[[[[[[[[", depth, "]]]]]]]]]]]]]]]]]]");
		o = NULL;
		assert_int_equal(strict_parse(text, strlen(text), NULL, &o),
				 depth < STRICT_DEPTH ? 0 : NV_E_BAD_REQUEST);
		json_object_put(o);
	}
	memset(text, '[', sizeof(text));
	assert_int_equal(strict_parse(text, sizeof(text), NULL, &o), NV_E_BAD_REQUEST);
}

/* Puts @bytes in as many pieces as the room asks for. */
static int feed(struct varlink_input *in, const char *bytes, size_t n,
		size_t piece)
{
	size_t room, put;
	char *to;
	int r;

	while (n) {
		r = varlink_input_room(in, &to, &room);
		if (r)
			return r;
		put = NV_MIN(room, n);
		put = NV_MIN(put, piece);
		memcpy(to, bytes, put);
		varlink_input_filled(in, put);
		bytes += put;
		n -= put;
	}
	return 0;
}

static void test_messages_come_out_however_the_bytes_came_in(void **state)
{
	static const char bytes[] = "one\0\0three\0fo";
	static const size_t pieces[] = { 1, 2, 3, 5, 100 };
	static const char *const want[] = { "one", "", "three" };
	struct varlink_input in = { .max = 64 };
	const char *msg;
	size_t i, k, n, len;

	for (i = 0; i < NV_ARRAY_SIZE(pieces); i++) {
		n = 0;
		for (k = 0; k < sizeof(bytes) - 1; k += pieces[i]) {
			assert_int_equal(feed(&in, bytes + k, NV_MIN(pieces[i], sizeof(bytes) - 1 - k), pieces[i]), 0);
			while (varlink_input_next(&in, &msg, &len)) {
				assert_true(n < NV_ARRAY_SIZE(want));
				assert_int_equal(len, strlen(want[n]));
				assert_string_equal(msg, want[n]);
				n++;
			}
		}
		assert_int_equal(n, NV_ARRAY_SIZE(want));
		assert_true(varlink_input_partial(&in));
		varlink_input_deinit(&in);
	}
}

static void test_a_message_of_max_bytes_fits_and_one_more_does_not(void **state)
{
	struct varlink_input in = { .max = 10000 };
	static char bytes[10001];
	const char *msg;
	size_t len;

	memset(bytes, 'x', sizeof(bytes));
	bytes[9999] = '\0';
	assert_int_equal(feed(&in, bytes, 10000, 10000), 0);
	assert_true(varlink_input_next(&in, &msg, &len));
	assert_int_equal(len, 9999);
	assert_false(varlink_input_next(&in, &msg, &len));
	assert_null(in.buf);

	bytes[9999] = 'x';
	assert_int_equal(feed(&in, bytes, 10001, 10000), -EMSGSIZE);
	varlink_input_deinit(&in);
}

static int parse_call(const char *text, struct nv_why *why, struct varlink_call *c)
{
	*c = (struct varlink_call){};
	return varlink_call_parse(text, strlen(text), why, c);
}

static void test_calls_that_are_none_are_refused(void **state)
{
	static const struct {
		const char *text, *sentence;
	} cases[] = {
		{ "{}", "'method' of a message must be a name of at most 127 letters" },
		{ "{\"method\":1}", "'method' of a message must be a name of at most 127 letters" },
		{ "{\"method\":\"a b\"}", "'method' of a message must be a name of at most 127 letters" },
		{ "{\"method\":\"a\\u0000b\",\"more\":1}", "'more' of a message must be true or false" },
		{ "{\"method\":\"a.b\",\"parameters\":[]}", "'parameters' of a message must be an object" },
		{ "{\"method\":\"a.b\",\"oneway\":true,\"more\":true}", "a call is either oneway or more" },
		{ "{\"method\":\"a.b\",\"mroe\":true}", "a Varlink call has no 'mroe'" },
	};
	struct varlink_call c;
	struct nv_why why;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(cases); i++) {
		assert_int_equal(parse_call(cases[i].text, &why, &c), NV_E_BAD_REQUEST);
		assert_string_equal(why.text, cases[i].sentence);
		assert_null(c.parameters);
	}
}

static void test_a_call_reads_back_as_it_was_written(void **state)
{
	struct varlink_call c = { .method = "io.nvdimmd.Map", .more = true }, back;
	char interface[VARLINK_NAME];
	nv_cleanup(nv_freep) char *text = NULL;
	size_t size;

	c.parameters = json_tokener_parse("{\"volume\":\"v/1\"}");
	assert_int_equal(varlink_call_print(&c, &text, &size), 0);
	assert_string_equal(text, "{\"method\":\"io.nvdimmd.Map\",\"parameters\":{\"volume\":\"v/1\"},\"more\":true}");
	assert_int_equal(size, strlen(text) + 1);
	assert_int_equal(parse_call(text, NULL, &back), 0);
	assert_string_equal(varlink_split(back.method, interface), "Map");
	assert_string_equal(interface, "io.nvdimmd");
	assert_true(back.more && !back.oneway && !back.upgrade);
	assert_true(json_object_equal(back.parameters, c.parameters));
	assert_null(varlink_split("Map", interface));
	varlink_call_deinit(&c);
	varlink_call_deinit(&back);
}

static int through(int r, const char *sentence, struct nv_why *ret, char *hint)
{
	struct varlink_reply reply = {};
	nv_cleanup(nv_freep) char *text = NULL;
	struct nv_why why = {};
	size_t size;

	snprintf(why.text, sizeof(why.text), "%s", sentence);
	assert_int_equal(varlink_refusal_print(r, &why, &text, &size), 0);
	assert_int_equal(varlink_reply_parse(text, size - 1, ret, &reply), 0);
	assert_false(reply.continues);
	r = varlink_refusal_read(&reply, ret, hint);
	varlink_reply_deinit(&reply);
	return r;
}

static void test_every_refusal_arrives_with_its_code_sentence_and_hint(void **state)
{
	char hint[VARLINK_HINT];
	struct nv_why why;

#define X(number, NAME, varlink, advice)                                      \
	assert_int_equal(through(NV_E_##NAME, "why " #NAME, &why, hint), number); \
	assert_string_equal(why.text, "why " #NAME);                       \
	assert_string_equal(hint, advice);
	NV_REFUSALS(X)
#undef X
	assert_int_equal(through(-ENOMEM, "", &why, hint), -EIO);
	assert_string_equal(why.text, "Cannot allocate memory");
}

static void test_errors_of_the_protocol_become_refusals(void **state)
{
	static const struct {
		const char *text;
		int code;
	} cases[] = {
		{ "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{\"method\":\"a.b\"}}", NV_E_UNSUPPORTED },
		{ "{\"error\":\"org.varlink.service.PermissionDenied\"}", NV_E_PERMISSION },
		{ "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":\"x\"}}", NV_E_BAD_REQUEST },
		{ "{\"error\":\"x\"}", NV_E_BAD_REQUEST },
	};
	struct varlink_reply reply;
	char hint[VARLINK_HINT];
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(cases); i++) {
		reply = (struct varlink_reply){};
		assert_int_equal(varlink_reply_parse(cases[i].text, strlen(cases[i].text), NULL, &reply), 0);
		assert_int_equal(varlink_refusal_read(&reply, NULL, hint), cases[i].code);
		varlink_reply_deinit(&reply);
	}
}

static void test_the_service_interface_answers(void **state)
{
	static const struct {
		const char *call, *reply;
	} cases[] = {
		{ "{\"method\":\"io.nvdimmd.Nothing\"}",
		  "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{\"method\":\"io.nvdimmd.Nothing\"}}" },
		{ "{\"method\":\"org.example.Map\"}",
		  "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":{\"interface\":\"org.example\"}}" },
		{ "{\"method\":\"Map\"}",
		  "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":\"method\"}}" },
		{ "{\"method\":\"org.varlink.service.GetInterfaceDescription\"}",
		  "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":\"interface\"}}" },
		{ "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{\"interface\":\"a.b\"}}",
		  "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":{\"interface\":\"a.b\"}}" },
	};
	struct varlink_call c;
	char *text;
	size_t size, i;

	for (i = 0; i < NV_ARRAY_SIZE(cases); i++) {
		assert_int_equal(parse_call(cases[i].call, NULL, &c), 0);
		assert_int_equal(varlink_service(&c, &text, &size), 0);
		assert_string_equal(text, cases[i].reply);
		free(text);
		varlink_call_deinit(&c);
	}

	assert_int_equal(parse_call("{\"method\":\"org.varlink.service.GetInfo\"}", NULL, &c), 0);
	assert_int_equal(varlink_service(&c, &text, &size), 0);
	assert_non_null(strstr(text, "\"interfaces\":[\"org.varlink.service\",\"io.nvdimmd\"]"));
	free(text);
	varlink_call_deinit(&c);

	assert_int_equal(parse_call("{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{\"interface\":\"io.nvdimmd\"}}", NULL, &c), 0);
	assert_int_equal(varlink_service(&c, &text, &size), 0);
	assert_non_null(strstr(text, "interface io.nvdimmd\\n"));
	free(text);
	varlink_call_deinit(&c);
}

static void test_base64_reads_back_and_has_one_form(void **state)
{
	static const char *const wrong[] = { "A", "AA", "AAA", "A===", "AA=A", "====", "AAAA=", "AB==", "AAB=", "AA==AAAA", "A A=", "AA-_" };
	uint8_t bytes[64], back[64];
	char text[BASE64_TEXT(64)];
	size_t n, i, got;

	for (n = 0; n <= sizeof(bytes); n++) {
		for (i = 0; i < n; i++)
			bytes[i] = (uint8_t)(i * 37 + n * 101 + 0x80);
		base64_print(bytes, n, text);
		assert_int_equal(strlen(text) + 1, BASE64_TEXT(n));
		assert_int_equal(base64_parse(text, strlen(text), back, &got), 0);
		assert_int_equal(got, n);
		assert_memory_equal(bytes, back, n);
	}
	for (i = 0; i < NV_ARRAY_SIZE(wrong); i++)
		assert_int_equal(base64_parse(wrong[i], strlen(wrong[i]), back, &got), -EINVAL);
}

static void test_utf8_repair_cuts_at_a_character(void **state)
{
	char to[8];

	utf8_repair("1234\xe2\x82\xac\xe2\x82\xac", to, sizeof(to));
	assert_string_equal(to, "1234\xe2\x82\xac");
	utf8_repair("12345\xff", to, sizeof(to));
	assert_string_equal(to, "12345");
	assert_true(utf8_valid("\xf0\x9f\x92\xbe", 4));
	assert_false(utf8_valid("\xf0\x9f\x92\xbe", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_json_with_one_meaning_is_read),
		cmocka_unit_test(test_a_refused_message_names_the_byte),
		cmocka_unit_test(test_depth_is_limited),
		cmocka_unit_test(test_messages_come_out_however_the_bytes_came_in),
		cmocka_unit_test(test_a_message_of_max_bytes_fits_and_one_more_does_not),
		cmocka_unit_test(test_calls_that_are_none_are_refused),
		cmocka_unit_test(test_a_call_reads_back_as_it_was_written),
		cmocka_unit_test(test_every_refusal_arrives_with_its_code_sentence_and_hint),
		cmocka_unit_test(test_errors_of_the_protocol_become_refusals),
		cmocka_unit_test(test_the_service_interface_answers),
		cmocka_unit_test(test_base64_reads_back_and_has_one_form),
		cmocka_unit_test(test_utf8_repair_cuts_at_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
