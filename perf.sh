cd /work/wt/image
. tests/integration/lib/archive.bash
W=/var/tmp/perf; mkdir -p $W; cd $W
for i in 1 2 3 4; do mkdir -p l$i/usr/share/$i; head -c 150000000 /dev/urandom > l$i/usr/share/$i/big; cp -a /usr/share/doc l$i/usr/share/$i/doc 2>/dev/null; cp -a /usr/include l$i/usr/share/$i/inc; layer_tar l$i l$i.tar; done
docker_archive big.tar perf:1 '{ "Cmd": [ "/bin/sh" ] }' l1.tar l2.tar l3.tar l4.tar
ls -la big.tar; find l1 | wc -l
t() { local s=${EPOCHREALTIME/./}; "$@" >/dev/null 2>&1; echo "$(( (${EPOCHREALTIME/./} - s) / 1000 )) ms: $*"; }
sync
for n in 1 2; do
t caissonctl load -i big.tar; 
t caissonctl load -i big.tar; 
t caissonctl save -o s.tar perf:1
t caissonctl save --format oci-archive -o o.tar perf:1
t sh -c 'caissonctl save perf:1 | cat >/dev/null'
t caissonctl rmi perf:1; done
t cp big.tar x.tar
t sha256sum big.tar
t openssl dgst -sha256 big.tar
t sh -c 'for i in 1 2 3 4; do mkdir -p x$i; tar -xf l'$i'.tar -C x$i; done'
export TMPDIR=$W
t skopeo --insecure-policy copy docker-archive:big.tar oci:oo:perf
t umoci unpack --image oo:perf bundle
t gzip -1 -k big.tar
t sh -c 'zstd -q -1 big.tar -o big.tar.zst || true'
t caissonctl load -i big.tar.gz;t caissonctl rmi perf:1; t caissonctl load -i big.tar.zst; caissonctl rmi perf:1
rm -rf $W
