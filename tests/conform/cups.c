/* SPDX-License-Identifier: MIT */
/*
 * cups.c - a real cupsd for the tests of printers. It is no child of this program's, whose own are
 * counted; who watches over it ends it, and takes its folder away.
 */
#include "cups.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char begin_script[] =
	"set -e; exec 2>&1; PATH=$PATH:/usr/sbin; d=${CUPS_SERVER%/*}; mkdir -p $d/spool/tmp; cd $d\n"
	"cat > files.conf <<EOF\n"
	"ServerRoot $d\nRequestRoot $d/spool\nTempDir $d/spool/tmp\nCacheDir $d/cache\nStateDir $d/state\n"
	"ErrorLog $d/log\nAccessLog $d/log\nPageLog $d/log\nFileDevice Yes\n"
	"EOF\n"
	"cat > cupsd.conf <<EOF\n"
	"Listen $CUPS_SERVER\nBrowsing Off\nDefaultAuthType None\nPreserveJobHistory Yes\n"
	"<Location />\nOrder allow,deny\nAllow all\n</Location>\n"
	"<Policy default>\n<Limit All>\nOrder deny,allow\n</Limit>\n</Policy>\n"
	"EOF\n"
	"cat > office.ppd <<EOF\n"
	"*PPD-Adobe: \"4.3\"\n*FormatVersion: \"4.3\"\n*FileVersion: \"1.0\"\n*LanguageVersion: English\n"
	"*LanguageEncoding: ISOLatin1\n*PCFileName: \"OFFICE.PPD\"\n*Product: \"(Office)\"\n"
	"*PSVersion: \"(3010) 0\"\n*Manufacturer: \"Test\"\n*ModelName: \"Office\"\n"
	"*ShortNickName: \"Office\"\n*NickName: \"Office\"\n*ColorDevice: True\n"
	"*cupsVersion: 2.4\n*cupsFilter: \"application/pdf 0 -\"\n*cupsFilter: \"image/jpeg 0 -\"\n"
	"*OpenUI *PageSize: PickOne\n*DefaultPageSize: A4\n*PageSize A4: \"\"\n*CloseUI: *PageSize\n"
	"*OpenUI *PageRegion: PickOne\n*DefaultPageRegion: A4\n*PageRegion A4: \"\"\n*CloseUI: *PageRegion\n"
	"*DefaultImageableArea: A4\n*ImageableArea A4: \"0 0 595 842\"\n"
	"*DefaultPaperDimension: A4\n*PaperDimension A4: \"595 842\"\n"
	"EOF\n"
	"cupsd -f -c $d/cupsd.conf -s $d/files.conf > $d/log 2>&1 3>&- & p=$!; echo $p > $d/pid\n"
	"(tail --pid=$TEST_PID -f /dev/null; kill $p; rm -rf $d) > /dev/null 2>&1 &\n"
	"for i in $(seq 600); do lpstat -r 2>&1 | grep -q 'is running' && break; sleep 0.1; done\n"
	"lpadmin -p office -E -v file:/dev/null -P office.ppd -D 'Office, upstairs' > /dev/null\n"
	"lpadmin -p closed -v file:/dev/null -P office.ppd > /dev/null; cupsenable closed\n";

void cups_run(const char *command) {
	if (system(command) != 0) {
		fail_msg("this failed: %s", command);
	}
}

void cups_begin(void) {
	static bool begun;
	char pid[16];
	if (!begun) {
		snprintf(pid, sizeof(pid), "%d", (int)getpid());
		setenv("TEST_PID", pid, 1);
		begun = true;
		cups_run(begin_script);
	}
}

int cups_jobs(void) {
	int jobs = -1;
	FILE *said = popen("lpstat -W all -o | wc -l", "r");
	assert_non_null(said);
	assert_int_equal(fscanf(said, "%d", &jobs), 1);
	assert_int_equal(pclose(said), 0);
	return jobs;
}
