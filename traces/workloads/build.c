/* The compiler's work in the trace "build": small programs of many kinds, made more numerous by a macro. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODULE(name, type, format)                                                     \
	struct name##_node { type key; struct name##_node *left, *right; int height; };   \
	struct name##_table { type *keys; uint64_t *values; size_t used, size; };         \
	static int name##_height(const struct name##_node *n) { return n ? n->height : 0; } \
	static struct name##_node *name##_rotate(struct name##_node *n, int to_left)       \
	{                                                                                  \
		struct name##_node *top = to_left ? n->right : n->left;                    \
		if (to_left) { n->right = top->left; top->left = n; }                      \
		else { n->left = top->right; top->right = n; }                             \
		n->height = 1 + (name##_height(n->left) > name##_height(n->right)          \
				 ? name##_height(n->left) : name##_height(n->right));      \
		return top;                                                                \
	}                                                                                  \
	struct name##_node *name##_insert(struct name##_node *n, type key)                 \
	{                                                                                  \
		if (!n) {                                                                  \
			n = calloc(1, sizeof(*n));                                         \
			if (!n) abort();                                                   \
			n->key = key; n->height = 1;                                       \
			return n;                                                          \
		}                                                                          \
		if (key < n->key) n->left = name##_insert(n->left, key);                   \
		else if (key > n->key) n->right = name##_insert(n->right, key);            \
		int lean = name##_height(n->left) - name##_height(n->right);               \
		if (lean > 1) n = name##_rotate(n, 0);                                     \
		else if (lean < -1) n = name##_rotate(n, 1);                               \
		return n;                                                                  \
	}                                                                                  \
	int name##_put(struct name##_table *t, type key, uint64_t value)                   \
	{                                                                                  \
		if (2 * t->used >= t->size) {                                              \
			struct name##_table wide = { .size = t->size ? 2 * t->size : 16 }; \
			wide.keys = calloc(wide.size, sizeof(type));                       \
			wide.values = calloc(wide.size, sizeof(uint64_t));                 \
			if (!wide.keys || !wide.values) return -1;                         \
			for (size_t i = 0; i < t->size; i++)                               \
				if (t->values[i]) name##_put(&wide, t->keys[i], t->values[i]); \
			free(t->keys); free(t->values);                                    \
			*t = wide;                                                         \
		}                                                                          \
		size_t at = ((uint64_t)key * 0x9e3779b97f4a7c15u) & (t->size - 1);         \
		while (t->values[at] && t->keys[at] != key) at = (at + 1) & (t->size - 1); \
		t->used += !t->values[at];                                                 \
		t->keys[at] = key; t->values[at] = value;                                  \
		return 0;                                                                  \
	}                                                                                  \
	void name##_sort(type *a, long low, long high)                                     \
	{                                                                                  \
		while (low < high) {                                                       \
			type pivot = a[(low + high) / 2];                                  \
			long i = low, j = high;                                            \
			do {                                                               \
				while (a[i] < pivot) i++;                                  \
				while (pivot < a[j]) j--;                                  \
				if (i <= j) { type t = a[i]; a[i++] = a[j]; a[j--] = t; }  \
			} while (i <= j);                                                  \
			name##_sort(a, low, j);                                            \
			low = i;                                                           \
		}                                                                          \
	}                                                                                  \
	double name##_multiply(size_t n, const type *a, const type *b, type *c)            \
	{                                                                                  \
		double trace = 0;                                                          \
		for (size_t i = 0; i < n; i++)                                             \
			for (size_t j = 0; j < n; j++) {                                   \
				type sum = 0;                                              \
				for (size_t k = 0; k < n; k++) sum += a[i * n + k] * b[k * n + j]; \
				c[i * n + j] = sum;                                        \
				if (i == j) trace += sqrt(fabs((double)sum));              \
			}                                                                  \
		return trace;                                                              \
	}                                                                                  \
	int name##_print(FILE *out, const struct name##_node *n, int depth)                \
	{                                                                                  \
		if (!n) return 0;                                                          \
		int lines = name##_print(out, n->left, depth + 1);                         \
		fprintf(out, "%*s" format "\n", depth, "", n->key);                        \
		return lines + 1 + name##_print(out, n->right, depth + 1);                 \
	}

MODULE(i32, int32_t, "%d")
MODULE(u32, uint32_t, "%u")
MODULE(f64, double, "%g")
