/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guest/say.c - words on a line, out and in; and what gcc calls by itself. */
#include "guest.h"

#include <stdarg.h>

struct line {
	char text[512];
	size_t len;
};

void *memset(void *p, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);

void *memset(void *p, int c, size_t n)
{
	void *at = p;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(c) : "memory");
	return p;
}

void *memcpy(void *to, const void *from, size_t n)
{
	void *at = to;

	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(n) : : "memory");
	return to;
}

static void line_char(struct line *l, char c)
{
	if (l->len < sizeof(l->text) - 1)
		l->text[l->len++] = c;
}

static void line_string(struct line *l, const char *s)
{
	while (*s)
		line_char(l, *s++);
}

static void line_number(struct line *l, uint64_t n, unsigned int base)
{
	char digits[20];
	size_t i = 0;

	do {
		digits[i++] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	while (i)
		line_char(l, digits[--i]);
}

void say(const char *format, ...)
{
	struct line l = { .len = 0 };
	va_list ap;

	line_string(&l, "NVGUEST ");
	va_start(ap, format);
	for (; *format; format++) {
		if (*format != '%') {
			line_char(&l, *format);
			continue;
		}
		switch (*++format) {
		case 's':
			line_string(&l, va_arg(ap, const char *));
			break;
		case 'u':
			line_number(&l, va_arg(ap, uint64_t), 10);
			break;
		case 'x':
			line_string(&l, "0x");
			line_number(&l, va_arg(ap, uint64_t), 16);
			break;
		}
	}
	va_end(ap);
	l.text[l.len++] = '\n';
	xen_put(l.text, l.len);
}

char *word_next(char **line)
{
	char *s = *line, *word;

	while (*s == ' ' || *s == '\t')
		s++;
	if (!*s)
		return NULL;
	word = s;
	while (*s && *s != ' ' && *s != '\t')
		s++;
	if (*s)
		*s++ = '\0';
	*line = s;
	return word;
}

bool word_is(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return 16;
}

bool word_number(const char *word, uint64_t *ret)
{
	int base = 10;
	uint64_t n = 0;

	if (!word)
		return false;
	if (word[0] == '0' && word[1] == 'x') {
		base = 16;
		word += 2;
	}
	if (digit(*word) >= base)
		return false;
	for (; digit(*word) < base; word++)
		n = n * (uint64_t)base + (uint64_t)digit(*word);
	if (*word == 'k')
		n <<= 10, word++;
	else if (*word == 'm')
		n <<= 20, word++;
	else if (*word == 'g')
		n <<= 30, word++;
	if (*word)
		return false;
	*ret = n;
	return true;
}
