/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/varlink.h - Varlink messages: JSON objects that end in a NUL byte.
 *
 * The protocol stands at https://varlink.org/Method-Call. A call has method,
 * parameters, oneway, more, upgrade; a reply parameters, continues, error.
 */
#ifndef NV_CODEC_VARLINK_H
#define NV_CODEC_VARLINK_H

#include "base/macros.h"
#include "base/refuse.h"

struct json_object;

#define VARLINK_NAME 128 /* a method with its interface, or an error */

/*
 * Bytes as they come, cut into messages. Embed it zeroed, with max set: no
 * message may be longer, its NUL included. Idle, it owns no memory.
 */
struct varlink_input {
	char *buf;
	size_t max;
	size_t size;	/* of buf */
	size_t used;	/* bytes in buf */
	size_t begin;	/* of the message that is being received */
	size_t seen;	/* no NUL before here */
};

/**
 * varlink_input_room() - where the next bytes may be put
 * Return: 0 and at least one byte of room in *@ret_buf, *@ret_size; -EMSGSIZE,
 * a message longer than max has begun; -ENOMEM.
 */
int varlink_input_room(struct varlink_input *in, char **ret_buf,
		       size_t *ret_size) nv_must_check;

/** varlink_input_filled() - @n bytes were put there */
void varlink_input_filled(struct varlink_input *in, size_t n);

/**
 * varlink_input_next() - the next whole message, without its NUL
 * Return: true and *@ret, *@ret_len, good until the next call for @in.
 */
bool varlink_input_next(struct varlink_input *in, const char **ret,
			size_t *ret_len);

/** varlink_input_partial() - has a message begun that has not ended? */
bool varlink_input_partial(const struct varlink_input *in);

void varlink_input_deinit(struct varlink_input *in);

struct varlink_call {
	char method[VARLINK_NAME];
	struct json_object *parameters; /* or NULL */
	bool oneway, more, upgrade;
};

/**
 * varlink_call_parse() - one message from a client
 * Return: 0 and *@ret, to be released with varlink_call_deinit();
 * NV_E_BAD_REQUEST; -ENOMEM.
 */
int varlink_call_parse(const char *text, size_t len, struct nv_why *why,
		       struct varlink_call *ret) nv_must_check;
void varlink_call_deinit(struct varlink_call *c);

/**
 * varlink_split() - "io.nvdimmd.Map" is method "Map" of "io.nvdimmd"
 * @ret_interface: VARLINK_NAME bytes.
 * Return: the method, inside @name; NULL if @name has no dot.
 */
const char *varlink_split(const char *name, char *ret_interface);

struct varlink_reply {
	char error[VARLINK_NAME]; /* empty: none */
	struct json_object *parameters; /* or NULL */
	bool continues;
};

/** varlink_reply_parse() - one message from a server. As varlink_call_parse(), but other keys are passed over. */
int varlink_reply_parse(const char *text, size_t len, struct nv_why *why,
			struct varlink_reply *ret) nv_must_check;
void varlink_reply_deinit(struct varlink_reply *r);

/*
 * Messages as they are sent. @parameters is used, not kept; NULL is {}.
 * Return: 0 and *@ret, from malloc(), of *@ret_size bytes with the NUL;
 * -ENOMEM.
 */
int varlink_call_print(const struct varlink_call *c, char **ret,
		       size_t *ret_size) nv_must_check;
int varlink_reply_print(struct json_object *parameters, bool continues,
			char **ret, size_t *ret_size) nv_must_check;
int varlink_error_print(const char *error, struct json_object *parameters,
			char **ret, size_t *ret_size) nv_must_check;

/**
 * varlink_refusal_print() - io.nvdimmd's error for @r with message, hint, code
 * @r: NV_E_*; a -errno becomes io.nvdimmd.Failed with code 1.
 * @why: the sentence; empty is filled from the error.
 */
int varlink_refusal_print(int r, const struct nv_why *why, char **ret,
			  size_t *ret_size) nv_must_check;

#define VARLINK_HINT 512

/**
 * varlink_refusal_read() - the error of a reply as what it was on the other side
 * @ret_hint: VARLINK_HINT bytes.
 * Return: NV_E_* with the sentence in @why; -EIO for Failed.
 */
int varlink_refusal_read(const struct varlink_reply *reply, struct nv_why *why,
			 char *ret_hint);

/**
 * varlink_service() - answer a call that is not one of io.nvdimmd's methods
 * That is org.varlink.service, and its errors for what nobody knows.
 * Return: 0 or -ENOMEM, as the print functions.
 */
int varlink_service(const struct varlink_call *c, char **ret,
		    size_t *ret_size) nv_must_check;

/** varlink_expected_more() - the error for a call that needs "more" and came without */
int varlink_expected_more(char **ret, size_t *ret_size) nv_must_check;

#endif
