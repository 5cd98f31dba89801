/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/conf_key.c - values as people write them: sizes, times, rates, words.
 */
#include "codec/conf_key.h"

#include <stdio.h>
#include <string.h>

#include "base/size.h"

static const struct {
	const char *suffix;
	uint64_t ms;
} conf_times[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 } };

/* "10s" in milliseconds. A bare 0 needs no unit. */
static int time_parse(const char *text, uint64_t *ret_ms)
{
	uint64_t n;
	char *end;
	size_t i;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || n > UINT32_MAX)
		return -ERANGE;
	end += strspn(end, " ");
	if (!n && !*end) {
		*ret_ms = 0;
		return 0;
	}
	for (i = 0; i < NV_ARRAY_SIZE(conf_times); i++) {
		if (strcmp(end, conf_times[i].suffix))
			continue;
		*ret_ms = n * conf_times[i].ms;
		return 0;
	}
	return -EINVAL;
}

static int number_parse(const char *text, uint64_t *ret)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	if (errno)
		return -ERANGE;
	return *end ? -EINVAL : 0;
}

static int bad_value(const struct conf_key *k, const char *value, const char *want, struct nv_why *why)
{
	return nv_refuse(why, NV_E_BAD_CONFIG, "%s is \"%.80s\", it must be %s", k->name, value, want);
}

static int set_text(const struct conf_key *k, char *to, const char *value, struct nv_why *why)
{
	if (strlen(value) >= k->len)
		return nv_refuse(why, NV_E_BAD_CONFIG, "%s is %zu bytes long, at most %zu are possible", k->name,
				 strlen(value), k->len - 1);
	if (k->type == CONF_PATH && *value && *value != '/')
		return bad_value(k, value, "an absolute path", why);
	strcpy(to, value);
	return 0;
}

static int set_bytes(const struct conf_key *k, uint64_t *to, const char *value, struct nv_why *why)
{
	char lo[NV_SIZE_TEXT], hi[NV_SIZE_TEXT], want[3 * NV_SIZE_TEXT];
	uint64_t n;

	snprintf(want, sizeof(want), "a power of two from %s to %s", nv_size_print_exact(k->min, lo),
		 nv_size_print_exact(k->max, hi));
	if (nv_size_parse(value, &n) || n < k->min || n > k->max || (n & (n - 1)))
		return bad_value(k, value, want, why);
	*to = n;
	return 0;
}

static int set_ranged(const struct conf_key *k, const char *value, uint64_t *ret, struct nv_why *why)
{
	char want[96];
	uint64_t n;
	int r;

	switch (k->type) {
	case CONF_MS:
		snprintf(want, sizeof(want), "a time from %llums to %llus, as in 500ms, 10s or 1m",
			 (unsigned long long)k->min, (unsigned long long)k->max / 1000);
		r = time_parse(value, &n);
		break;
	case CONF_SECONDS:
		snprintf(want, sizeof(want), "a time from %llus to %llus, as in 30s, 10m, 24h or 7d",
			 (unsigned long long)k->min, (unsigned long long)k->max);
		r = time_parse(value, &n);
		if (!r && n % 1000)
			r = -EINVAL;
		n /= 1000;
		break;
	default:
		snprintf(want, sizeof(want), "a number from %llu to %llu", (unsigned long long)k->min,
			 (unsigned long long)k->max);
		r = number_parse(value, &n);
		break;
	}
	if (r || n < k->min || n > k->max)
		return bad_value(k, value, want, why);
	*ret = n;
	return 0;
}

static int set_decision(const struct conf_key *k, enum settings_decision *to, const char *value, struct nv_why *why)
{
	if (!strcmp(value, "vmce"))
		*to = SETTINGS_VMCE;
	else if (!strcmp(value, "kill"))
		*to = SETTINGS_KILL;
	else
		return bad_value(k, value, "\"vmce\" or \"kill\"", why);
	return 0;
}

static int set_rate(const struct conf_key *k, struct settings_rate *to, const char *value, struct nv_why *why)
{
	static const char want[] = "COUNT / TIME, as in \"10 / 24h\"";
	char head[32];
	const char *slash = strchr(value, '/');
	size_t len;
	uint64_t n, ms;

	if (!slash || (size_t)(slash - value) >= sizeof(head))
		return bad_value(k, value, want, why);
	len = (size_t)(slash - value);
	while (len && value[len - 1] == ' ')
		len--;
	memcpy(head, value, len);
	head[len] = '\0';
	slash++;
	slash += strspn(slash, " ");
	if (number_parse(head, &n) || n < k->min || n > k->max || time_parse(slash, &ms) || ms < 1000 || ms % 1000 ||
	    ms / 1000 > UINT32_MAX)
		return bad_value(k, value, want, why);
	to->burst = (uint32_t)n;
	to->per_s = (uint32_t)(ms / 1000);
	return 0;
}

int conf_key_set(const struct conf_key *k, struct settings *s, const char *value, struct nv_why *why)
{
	void *to = (char *)s + k->offset;
	uint64_t n;
	int r;

	switch (k->type) {
	case CONF_TEXT:
	case CONF_PATH:
		return set_text(k, to, value, why);
	case CONF_BYTES:
		return set_bytes(k, to, value, why);
	case CONF_DECISION:
		return set_decision(k, to, value, why);
	case CONF_RATE:
		return set_rate(k, to, value, why);
	case CONF_COUNT:
		return set_ranged(k, value, to, why);
	case CONF_NUMBER:
	case CONF_MS:
	case CONF_SECONDS:
		break;
	}
	r = set_ranged(k, value, &n, why);
	if (!r)
		*(uint32_t *)to = (uint32_t)n;
	return r;
}
