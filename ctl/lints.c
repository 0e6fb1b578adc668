/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fdbroker-lints(7) has the same words: tests/system/ctl-lints.sh compares. */
#include "ctl/lints.h"

#include <strings.h>

#include "base/macro.h"

static const struct lint lints[] = {
	{ .id = "E001",
	  .title = "syntax",
	  .meaning = "The text does not follow the grammar: something is missing, unterminated, "
		     "unquoted or not expected. A file that is empty, or that does not end with a "
		     "newline, counts as cut short, because a crash may have left it so.",
	  .example = "allow read /etc/motd;",
	  .fix = "The message says what was expected where. A path stands in quotes; every "
		 "statement ends in ';' or '}'." },
	{ .id = "E002",
	  .title = "unknown word",
	  .meaning = "A keyword, mode, matcher, attribute or setting that the language does not "
		     "have. Nothing unknown is ever ignored: it might have been a deny.",
	  .example = "allow raed \"/etc/motd\";",
	  .fix = "The nearest word is offered as 'did you mean'." },
	{ .id = "E003",
	  .title = "given twice",
	  .meaning = "A set, a subject, a label, an attribute or a setting is defined a second "
		     "time. Order must not decide which one counts.",
	  .example = "let @a = \"/x\";  let @a = \"/y\";",
	  .fix = "Remove one of the two, both of which are shown. To add to a set of another file "
		 "write 'extend @a += ...;'." },
	{ .id = "E004",
	  .title = "bad pattern",
	  .meaning = "A pattern that is relative, ends in '/', has an empty, '.' or '..' "
		     "component, negates a class, or glues '**' to other text. None of them could "
		     "match a name as the kernel hands it out, or not the one that was meant.",
	  .example = "allow read \"/srv/www/\";",
	  .fix = "Each has its own fix in the message. A directory matches without the slash, what "
		 "is below it with '/**'." },
	{ .id = "E005",
	  .title = "specifier",
	  .meaning = "A % specifier that does not exist, or that the callers of this rule cannot "
		     "have: %i needs a term that names a template unit.",
	  .example = "for user ci { allow read \"/etc/%i\"; }",
	  .fix = "Add the term that brings the value, such as unit \"name@*.service\", or write %% "
		 "for a percent sign." },
	{ .id = "E006",
	  .title = "bad value",
	  .meaning = "A value, a unit of measure or a range that this term or attribute does not "
		     "take.",
	  .example = "max-size 64Q;",
	  .fix = "The message says which form is expected." },
	{ .id = "E007",
	  .title = "undefined name",
	  .meaning = "A set or a subject that no file defines.",
	  .example = "deny any @secrest;",
	  .fix = "Define it, or correct its name; the nearest one is offered." },
	{ .id = "E008",
	  .title = "cyclic name",
	  .meaning = "A set or a subject that contains itself, directly or through others.",
	  .example = "let @a = @b;  let @b = @a;",
	  .fix = "Break the circle." },
	{ .id = "E009",
	  .title = "unsafe file",
	  .meaning = "A policy file, or a directory on the way to it, that somebody other than "
		     "root can change or replace: whoever can write the policy has every authority "
		     "it gives.",
	  .example = "chmod g+w /etc/fdbroker/policy.d",
	  .fix = "Give the named file or directory to root and take away write permission for "
		 "group and others. Links are refused but for the mask, a link to /dev/null." },
	{ .id = "E010",
	  .title = "name service failed",
	  .meaning = "A user or a group could not be looked up because the name service itself "
		     "failed. Guessing would make rules match the wrong people.",
	  .example = "for group engineering { ... }",
	  .fix = "Mend the name service or use numbers. A name that does not exist is W310 "
		 "instead." },
	{ .id = "E011",
	  .title = "allow outside of for",
	  .meaning = "Only a deny may stand alone. An allow says for whom.",
	  .example = "allow read \"/etc/motd\";",
	  .fix = "Put it into for ... { }; for everybody write 'for anyone { ... }'." },
	{ .id = "E012",
	  .title = "disable of an unknown rule",
	  .meaning = "'disable' names a rule that is not there. Were it ignored, a vendor who "
		     "renames a rule would silently switch it on again.",
	  .example = "disable \"00-floor.secrest\";",
	  .fix = "Correct the id; 'fdbrokerctl show' lists them." },
	{ .id = "E013",
	  .title = "expectation failed",
	  .meaning = "An 'expect' does not hold for the policy as a whole, or hinges on a fact "
		     "that it does not state. Nothing is loaded.",
	  .example = "expect deny read '/etc/shadow' as user daemon;",
	  .fix = "The deciding rule is shown. Change the rule, or the expectation, or state the "
		 "fact." },
	{ .id = "E014",
	  .title = "attribute makes no sense here",
	  .meaning =
		  "The attribute cannot do anything in this rule, or the modes cannot be allowed "
		  "so: 'hide' on an allow, 'allow any', a snapshot of what is to be written.",
	  .example = "allow read \"/a\" { hide; }",
	  .fix = "Remove it, or list the modes that are meant." },
	{ .id = "E015",
	  .title = "version not supported",
	  .meaning = "The file is written for a version of the language that this program does not "
		     "know.",
	  .example = "version 2;",
	  .fix = "Write 'version 1;'." },
	{ .id = "E016",
	  .title = "limit exceeded",
	  .meaning = "A file, a pattern, a list or the whole policy is larger than the limits of "
		     "fdbroker.policy(5), which bound what a load can cost. A set is counted with "
		     "what follows it, and with braces multiplied out.",
	  .example = "one file of more than 1 MiB",
	  .fix = "Split the file; give alternatives as rules or sets of their own." },
	{ .id = "E017",
	  .title = "inside the built-in floor",
	  .meaning = "The allow is for a path that the built-in rules always deny, so it could "
		     "never have an effect.",
	  .example = "allow read \"/proc/kcore\";",
	  .fix = "Remove it. 'fdbrokerctl show --builtin' prints the built-in rules." },
	{ .id = "E018",
	  .title = "encoding",
	  .meaning = "The text is not UTF-8, or has a control, bidirectional or other invisible "
		     "character, with which a policy would not read as it looks.",
	  .example = "a carriage return at the end of a line",
	  .fix = "Remove it; in a pattern write such a byte as \\xHH." },
	{ .id = "E019",
	  .title = "known, and not enforced",
	  .meaning = "A word of the language that the daemon does not enforce, which would promise "
		     "what does not happen. This version has no such word: no policy gets this "
		     "error.",
	  .example = "no word of this version",
	  .fix = "Nothing is to be done; the number is not used for anything else." },
	{ .id = "W010",
	  .title = "file not read",
	  .meaning = "A file in a policy directory whose name does not end in .fdp, so that it is "
		     "no part of the policy.",
	  .example = "/etc/fdbroker/policy.d/local.conf",
	  .fix = "Rename or remove it. Leftovers of editors and package managers are a note "
		 "only." },
	{ .id = "W101",
	  .title = "shadowed",
	  .meaning = "Unconditional denies cover the whole allow: it can never allow anything.",
	  .example = "deny any \"/srv/**\";  for user a { allow read \"/srv/a\"; }",
	  .fix = "Narrow the deny with 'except', switch it off with 'disable', or remove the "
		 "allow." },
	{ .id = "W102",
	  .title = "redundant",
	  .meaning = "Another allow covers this one with the same conditions or fewer.",
	  .example = "allow read \"/srv/**\"; allow read \"/srv/a\";",
	  .fix = "Remove it, unless its obligations are what it is for." },
	{ .id = "W103",
	  .title = "unreachable",
	  .meaning = "No request can match the rule: its subject contradicts itself, 'except' "
		     "takes all of its paths, or 'until' has passed. Or its user is uid 65534, "
		     "as which the kernel shows who has no uid here.",
	  .example = "for user a and user b { ... }",
	  .fix = "Correct or remove it. Two terms of one conjunction must both hold; alternatives "
		 "are 'or', or values in braces." },
	{ .id = "W105",
	  .title = "conflicting obligations",
	  .meaning = "Two allows that overlap, and that are equally specific, oblige to different "
		     "things; which one is taken is decided by their ids alone.",
	  .example = "deliver fd in one, deliver snapshot in the other",
	  .fix = "Make one of them more specific, or give both the same obligations." },
	{ .id = "W106",
	  .title = "duplicate rule",
	  .meaning = "Two rules say the same.",
	  .example = "allow read \"/a\"; allow read \"/a\";",
	  .fix = "Remove one." },
	{ .id = "W107",
	  .title = "unused name",
	  .meaning = "A set or a subject that no rule uses; often a misspelt use of it elsewhere.",
	  .example = "let @unused = \"/a\";",
	  .fix = "Use it or remove it." },
	{ .id = "W108",
	  .title = "directory as a path",
	  .meaning = "The literal path is a directory, which 'read' never opens, or '/*' is used "
		     "where only '/**' would match files.",
	  .example = "allow read \"/srv/www\";",
	  .fix = "Write '/srv/www/**', or allow 'list'." },
	{ .id = "W109",
	  .title = "ends soon",
	  .meaning = "The 'until' of a rule is less than 14 days away.",
	  .example = "until 2027-01-31;",
	  .fix = "Extend or remove the rule in time." },
	{ .id = "W111",
	  .title = "broad",
	  .meaning = "An allow for anyone with a wildcard, or one with '/**' that lends root's "
		     "authority.",
	  .example = "for anyone { allow read \"/srv/**\"; }",
	  .fix = "Name the callers or the paths." },
	{ .id = "W112",
	  .title = "secret",
	  .meaning =
		  "The allow can yield a file that is known to be a secret: shadow, host keys, "
		  "private TLS keys, keytabs, credentials of root; or change its mode, after "
		  "which everybody may read it; or connect to a service that does as root what it "
		  "is told.",
	  .example = "allow read as root \"/etc/ssl/**\";",
	  .fix = "Narrow the paths, exclude the secret, or say with 'note' why it is meant." },
	{ .id = "W113",
	  .title = "equivalent to root",
	  .meaning =
		  "The allow can write what root executes or trusts: cron, sudoers, units, PAM, "
		  "libraries, authorized_keys, or the policy itself. With 'remove' and "
		  "'attributes' "
		  "the directories of such files count too: they can be moved away, or opened to "
		  "others. Who has it can become root.",
	  .example = "allow write as root \"/etc/cron.d/*\";",
	  .fix = "Do not allow it. If it must be, one literal path, a narrow subject and a note." },
	{ .id = "W114",
	  .title = "append not enforceable",
	  .meaning = "Append is allowed and a plain descriptor is delivered; whoever holds it can "
		     "clear O_APPEND with fcntl(2) and overwrite.",
	  .example = "allow append \"/var/log/a.log\";",
	  .fix = "Write 'deliver pipe', or accept that the file can be rewritten by its writer." },
	{ .id = "W115",
	  .title = "directory handed out",
	  .meaning =
		  "'list' hands out a descriptor of a directory. A receiver in a chroot can "
		  "walk out of it with '..'. 'watch' as root tells the names in a directory that "
		  "the caller may not be able to list, and what others do there.",
	  .example = "allow list \"/srv\";",
	  .fix = "Allow 'list' only to callers whose view of the file system is a mount namespace, "
		 "not "
		 "a chroot; and say 'type regular' where only files are to be watched." },
	{ .id = "W201",
	  .title = "writable parent",
	  .meaning = "Somebody can change a directory on the way to the object, and so put another "
		     "object of the same file system in its place.",
	  .example = "allow read as root \"/var/log/app/*.log\";",
	  .fix = "The finding names the directory, who can write it and what protects the rule. "
		 "Give the directory to root, or keep 'parents trusted', 'links 1' and an "
		 "'owner'." },
	{ .id = "W202",
	  .title = "link in the path",
	  .meaning = "A component of the literal path is a symbolic link. Where it is followed, "
		     "the real name must be allowed too; where it is refused, requests for this "
		     "name never match. A link at the end is meant itself by 'stat' and 'remove'.",
	  .example = "allow read \"/bin/true\";",
	  .fix = "Write the real path, which the finding shows." },
	{ .id = "W203",
	  .title = "matches nothing now",
	  .meaning = "No file that exists matches the pattern. That may be right for what is yet "
		     "to be created.",
	  .example = "allow read \"/etc/ngnix/*\";",
	  .fix = "Correct the path if it is a misspelling." },
	{ .id = "W204",
	  .title = "writable by all",
	  .meaning = "The object, or the directory it is in, can be written by everybody and is "
		     "not sticky.",
	  .example = "allow read as root \"/srv/drop/x\";",
	  .fix = "Change its mode, or leave the rule to the caller's own authority." },
	{ .id = "W205",
	  .title = "remote or user-space file system",
	  .meaning = "The path is on a network, FUSE or automounted file system, where an open can "
		     "hang or be answered by a user's program.",
	  .example = "allow read \"/mnt/nfs/**\";",
	  .fix = "Write 'fs local', or name the file system with 'fs' knowingly." },
	{ .id = "W206",
	  .title = "hard links",
	  .meaning = "A file that matches has more than one link: it has another name, perhaps in "
		     "a directory that others can write.",
	  .example = "allow write \"/srv/a\";",
	  .fix = "Keep 'links 1', or find the other names." },
	{ .id = "W207",
	  .title = "exe that says little",
	  .meaning = "The executable is not owned by root, can be changed by others, or is an "
		     "interpreter, so that whoever runs it decides what it does.",
	  .example = "for exe \"/usr/bin/python3\" { ... }",
	  .fix = "Name the unit or the label of the security module instead." },
	{ .id = "W208",
	  .title = "exe is a link",
	  .meaning = "The path of 'exe' is a symbolic link; callers run the file that it leads to.",
	  .example = "for exe \"/bin/sh\" { ... }",
	  .fix = "Write the real path, which the finding shows." },
	{ .id = "W209",
	  .title = "link protection is off",
	  .meaning = "A sysctl of fs.protected_symlinks, protected_hardlinks, protected_regular "
		     "and protected_fifos is off, without which links in sticky directories can be "
		     "turned against rules with authority.",
	  .example = "sysctl fs.protected_symlinks=0",
	  .fix = "Switch them on in /etc/sysctl.d." },
	{ .id = "W301",
	  .title = "exe alone",
	  .meaning = "'exe' is the only term that tells this application from others of the same "
		     "user, and any of his processes can be made to run it.",
	  .example = "for exe \"/usr/bin/viewer\" { ... }",
	  .fix = "Add unit or the label of the security module, or accept that the rule is for the "
		 "user." },
	{ .id = "W302",
	  .title = "unknown unit",
	  .meaning = "systemd does not know the unit that the rule names.",
	  .example = "for unit \"ngnix.service\" { ... }",
	  .fix = "Correct the name; a template is written \"name@*.service\"." },
	{ .id = "W306",
	  .title = "user of several services",
	  .meaning = "Several units run as this user, and 'user' is the only term: the rule is for "
		     "all of them.",
	  .example = "for user www-data { ... }",
	  .fix = "Add the unit." },
	{ .id = "W310",
	  .title = "no such user or group",
	  .meaning = "The name does not exist, so its term matches nobody until the next load. A "
		     "negated one would match everybody, and is E006.",
	  .example = "for user ngnix { ... }",
	  .fix = "Correct the name, or create the account before the policy is loaded." },
	{ .id = "N104",
	  .title = "deny inside an allow",
	  .meaning = "A deny takes a part of this allow away.",
	  .example = "for user a { allow read \"/srv/**\"; }  deny any \"/srv/b\";",
	  .fix = "If it is intended, 'except' says so in the allow itself." },
	{ .id = "N116",
	  .title = "no label",
	  .meaning = "The rule has no label, so its id holds its line number and changes when "
		     "lines are added above it. 'disable' and records name rules by id.",
	  .example = "allow read \"/a\";",
	  .fix = "Give it one: 'name: allow ...'." },
};

const struct lint *lint_find(const char *id)
{
	for (size_t i = 0; i < ELEMENTSOF(lints); i++)
		if (strcasecmp(lints[i].id, id) == 0)
			return &lints[i];
	return NULL;
}

const struct lint *lint_at(size_t i)
{
	return i < ELEMENTSOF(lints) ? &lints[i] : NULL;
}
