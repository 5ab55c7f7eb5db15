/* SPDX-License-Identifier: MIT */
#ifndef BASE_TREE_H
#define BASE_TREE_H

#include <stdbool.h>

/*
 * Folders as tar streams, and back. Files, folders, symbolic links that stay inside, modes and times
 * and the types that files are said to be are kept; owners are not. All of this blocks, on files and on the stream: it is for a thread of
 * its own, or a program that does nothing else.
 */

#define TREE_DEPTH_MAX 64 // folders, one in another
#define TREE_TYPE "user.box.type" // the extended attribute of files that goes along
#define TREE_TYPE_MAX 1024        // bytes of it
#define TREE_ACL "user.box.acl"   // the one that goes along with what is the packer's own
#define TREE_ACL_MAX 8192         // bytes of it

struct tree_trouble {
	int error;          // errno; EINVAL: the stream is at fault, not this machine
	char what[768];     // a sentence that names what was wrong; "" if errno says it all
};

/*
 * Which names are taken: one component of a path. What pack is told to leave out it leaves out;
 * unpack refuses it.
 */
typedef bool tree_takes(const char *name);

/* What pack does with one thing, called name in the open folder dir; name "": that folder, the top. */
enum tree_part {
	TREE_WITHOUT,  // as if it were not there
	TREE_REFUSED,  // the whole is refused for its sake
	TREE_WITH,
	TREE_WITH_ACL, // it is the packer's own
};
/* Whose part is what, if that is not all one. Members may be NULL. */
struct tree_rules {
	enum tree_part (*part)(void *data, int dir, const char *name);
	/*
	 * Of what merge moves from one open folder to another, where something of that name may be there.
	 * Asked twice: before anything is moved whether it may be (false: error, a sentence in trouble), and
	 * right before it is.
	 */
	bool (*place)(void *data, int from, int to, const char *name, bool there, bool move,
		struct tree_trouble *trouble);
	bool acl; // unpack takes lists
	void *data;
};

/*
 * Writes what is in the folder dir to out, to the end of a tar stream. Devices, pipes, sockets and
 * symbolic links that lead out of the folder are left out. It stays open, and so does out. rules NULL,
 * here and below: all alike, and no lists.
 */
bool tree_pack(int dir, int out, tree_takes *takes, const struct tree_rules *rules,
	struct tree_trouble *trouble);
/*
 * Reads in to its end, and makes what comes in the folder dir, which is empty. Nothing is made
 * outside of it: absolute paths, "..", hard links, devices, links that lead out, and names that are
 * not taken end it, and the trouble names them. What was made until then stays; see tree_remove.
 */
bool tree_unpack(int in, int dir, tree_takes *takes, const struct tree_rules *rules,
	struct tree_trouble *trouble);
/*
 * Moves all that is in the folder from into the folder to, of the same file system; both exist.
 * Folders that are in both are merged, files replaced one by one. Whether that can be done is looked
 * at first: nothing is moved if a file would replace a folder, or a folder a file. The folders that
 * changed are synced.
 */
bool tree_merge(int from, int to, const struct tree_rules *rules, struct tree_trouble *trouble);
/* Takes a file, or a folder with all that is in it, away; what cannot be, stays. */
void tree_remove(int parent, const char *name);
/*
 * Whether a link that stands in a folder so many levels below the top stays inside: it is relative,
 * and goes up only at its beginning, and not above the top.
 */
bool tree_link_stays(const char *target, int depth);

#endif
