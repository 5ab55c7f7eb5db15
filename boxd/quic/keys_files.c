/* SPDX-License-Identifier: MIT */
/*
 * keys_files.c - keys and certificates on the disk, for boxd and for boxkey.
 *
 * A file that others could read or write is refused, not repaired: what it held may be known to
 * others already, and only its owner can judge that.
 */
#include "quic/keys_files.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"

#define FILE_MAX 65536 // bytes of a key or certificate; ours have a few hundred

char *keys_path(const char *dir, const char *name) {
	char *path;
	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

static bool make_dirs(const char *dir) {
	char *path = strdup(dir);
	if (!path) {
		return false;
	}
	bool good = true;
	for (char *slash = path + 1; good; slash++) {
		slash += strcspn(slash, "/");
		bool last = *slash == '\0';
		*slash = '\0';
		good = mkdir(path, 0700) == 0 || errno == EEXIST;
		if (last) {
			break;
		}
		*slash = '/';
	}
	free(path);
	return good;
}

static enum op_code check_mode(const char *path, const struct stat *st, mode_t mode,
		struct op_refusal *refusal) {
	if (st->st_uid != geteuid()) {
		return op_refuse(refusal, OP_EPERM, "%s belongs to user %u, not to you: run `chown %u %s`",
			path, st->st_uid, geteuid(), path);
	}
	if ((st->st_mode & 07777 & ~mode) != 0) {
		return op_refuse(refusal, OP_EPERM,
			"%s has mode %04o, so others can reach what must stay yours: run `chmod %04o %s`", path,
			st->st_mode & 07777, mode, path);
	}
	return OP_OK;
}

enum op_code keys_check_dir(const char *dir, struct op_refusal *refusal) {
	struct stat st;
	if (stat(dir, &st) != 0 && (errno != ENOENT || !make_dirs(dir) || stat(dir, &st) != 0)) {
		return op_refuse(refusal, OP_EIO, "%s: %s", dir, strerror(errno));
	}
	if (!S_ISDIR(st.st_mode)) {
		return op_refuse(refusal, OP_EIO, "%s is not a directory", dir);
	}
	return check_mode(dir, &st, 0700, refusal);
}

static char *read_all(int fd, const char *path, const struct stat *st, size_t *size,
		struct op_refusal *refusal) {
	if (!S_ISREG(st->st_mode) || st->st_size > FILE_MAX) {
		op_refuse(refusal, OP_EIO, "%s is not a key or a certificate", path);
		return NULL;
	}
	char *bytes = malloc((size_t)st->st_size + 1);
	if (!bytes) {
		op_refuse(refusal, OP_EIO, "%s: no memory", path);
		return NULL;
	}
	size_t at = 0;
	while (at < (size_t)st->st_size) {
		ssize_t n = read(fd, bytes + at, (size_t)st->st_size - at);
		if (n <= 0) {
			op_refuse(refusal, OP_EIO, "%s: %s", path, n < 0 ? strerror(errno) : "cut short");
			keys_wipe(bytes, at);
			return NULL;
		}
		at += (size_t)n;
	}
	bytes[at] = '\0';
	*size = at;
	return bytes;
}

char *keys_read(const char *dir, const char *name, size_t *size, struct op_refusal *refusal) {
	struct stat st;
	char *bytes = NULL;
	char *path = keys_path(dir, name);
	if (!path) {
		op_refuse(refusal, OP_EIO, "%s: no memory", name);
		return NULL;
	}
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		op_refuse(refusal, errno == ENOENT ? OP_ENOENT : OP_EIO, "%s: %s", path, strerror(errno));
	} else if (fstat(fd, &st) != 0) {
		op_refuse(refusal, OP_EIO, "%s: %s", path, strerror(errno));
	} else if (check_mode(path, &st, 0600, refusal) == OP_OK) {
		bytes = read_all(fd, path, &st, size, refusal);
	}
	if (fd >= 0) {
		close(fd);
	}
	free(path);
	return bytes;
}

void keys_wipe(char *bytes, size_t size) {
	if (bytes) {
		explicit_bzero(bytes, size);
		free(bytes);
	}
}

enum op_code keys_write(const char *dir, const char *name, const void *bytes, size_t size,
		struct op_refusal *refusal) {
	char *path = keys_path(dir, name);
	if (!path) {
		return op_refuse(refusal, OP_EIO, "%s: no memory", name);
	}
	enum op_code code = OP_OK;
	if (!conf_write(path, bytes, size)) {
		code = op_refuse(refusal, OP_EIO, "%s cannot be written: %s", path, strerror(errno));
	}
	free(path);
	return code;
}

static bool is_locked(const char *pem) {
	return strstr(pem, "ENCRYPTED PRIVATE KEY") != NULL;
}

enum op_code keys_is_locked(const char *dir, const char *name, bool *locked,
		struct op_refusal *refusal) {
	size_t size;
	char *pem = keys_read(dir, name, &size, refusal);
	if (!pem) {
		return refusal->code;
	}
	*locked = is_locked(pem);
	keys_wipe(pem, size);
	return OP_OK;
}

gnutls_x509_privkey_t keys_read_key(const char *dir, const char *name, const char *passphrase,
		struct op_refusal *refusal) {
	size_t size;
	char *pem = keys_read(dir, name, &size, refusal);
	if (!pem) {
		return NULL;
	}
	gnutls_x509_privkey_t key = NULL;
	gnutls_datum_t datum = {.data = (unsigned char *)pem, .size = (unsigned int)size};
	bool locked = is_locked(pem);
	int result = gnutls_x509_privkey_init(&key);
	if (result >= 0) {
		result = gnutls_x509_privkey_import2(key, &datum, GNUTLS_X509_FMT_PEM,
			locked ? passphrase : NULL, locked && passphrase ? 0 : GNUTLS_PKCS_PLAIN);
	}
	keys_wipe(pem, size);
	if (result < 0 && locked) {
		op_refuse(refusal, OP_EPERM, "%s/%s is under a passphrase, and %s", dir, name,
			passphrase ? "this was not it" : "none was given");
	} else if (result < 0) {
		op_refuse(refusal, OP_EIO, "%s/%s is not a key: %s", dir, name, gnutls_strerror(result));
	} else if (gnutls_x509_privkey_get_pk_algorithm(key) != GNUTLS_PK_EDDSA_ED25519) {
		op_refuse(refusal, OP_EIO, "%s/%s is not an Ed25519 key", dir, name);
		result = -1;
	}
	if (result < 0 && key) {
		gnutls_x509_privkey_deinit(key);
	}
	return result < 0 ? NULL : key;
}

enum op_code keys_write_key(const char *dir, const char *name, gnutls_x509_privkey_t key,
		const char *passphrase, struct op_refusal *refusal) {
	gnutls_datum_t pem = {0};
	bool lock = passphrase && *passphrase;
	int result = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM,
		lock ? passphrase : NULL, lock ? GNUTLS_PKCS_PBES2_AES_256 : GNUTLS_PKCS_PLAIN, &pem);
	if (result < 0) {
		return op_refuse(refusal, OP_EIO, "cannot write a key: %s", gnutls_strerror(result));
	}
	enum op_code code = keys_write(dir, name, pem.data, pem.size, refusal);
	explicit_bzero(pem.data, pem.size);
	gnutls_free(pem.data);
	return code;
}

gnutls_x509_crt_t keys_read_cert(const char *dir, const char *name, struct op_refusal *refusal) {
	size_t size;
	char *pem = keys_read(dir, name, &size, refusal);
	if (!pem) {
		return NULL;
	}
	gnutls_x509_crt_t cert = NULL;
	gnutls_datum_t datum = {.data = (unsigned char *)pem, .size = (unsigned int)size};
	int result = gnutls_x509_crt_init(&cert);
	if (result >= 0) {
		result = gnutls_x509_crt_import(cert, &datum, GNUTLS_X509_FMT_PEM);
	}
	keys_wipe(pem, size);
	if (result < 0) {
		op_refuse(refusal, OP_EIO, "%s/%s is not a certificate: %s", dir, name,
			gnutls_strerror(result));
		if (cert) {
			gnutls_x509_crt_deinit(cert);
		}
		return NULL;
	}
	return cert;
}

enum op_code keys_write_cert(const char *dir, const char *name, gnutls_x509_crt_t cert,
		struct op_refusal *refusal) {
	gnutls_datum_t pem = {0};
	int result = gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_PEM, &pem);
	if (result < 0) {
		return op_refuse(refusal, OP_EIO, "cannot write a certificate: %s",
			gnutls_strerror(result));
	}
	enum op_code code = keys_write(dir, name, pem.data, pem.size, refusal);
	gnutls_free(pem.data);
	return code;
}
