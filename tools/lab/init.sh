#!/bin/bash
# Process 1 of a guest: makes a host of the kernel that was started, says READY, then runs what is put into its mailbox.
#
# The host's whole file system is the guest's root, read-only; what has to be written lies in memory, or on /mnt.
# From the kernel's command line come lab.name, lab.address, lab.mail (the mailbox) and lab.modules.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/run TMPDIR=/run
mount -t proc proc /proc
mount -t sysfs sys /sys
for word in $(cat /proc/cmdline); do
    case $word in lab.*=*) key=${word%%=*}; declare "lab_${key#lab.}=${word#*=}" ;; esac
done
# Not /tmp: a worktree may lie there.
for place in /run /mnt /var/lib/nfs; do mount -t tmpfs tmpfs $place; done
[ -d /dev/shm ] && mount -t tmpfs tmpfs /dev/shm
mkdir -p /mnt/mail /mnt/n3 /mnt/n4 /run/rpc_pipefs /run/sendsigs.omit.d
mount -t hostfs none /mnt/mail -o "$lab_mail"
hostname "$lab_name"
ip link set lo up
ip address add "$lab_address/24" dev vec0
ip link set vec0 up
for module in sunrpc nfs nfsv3 nfsv4; do modprobe -d "$lab_modules" $module; done

disk() {
    mkdir -p /mnt/disk
    mount -t ext4 /dev/ubdb /mnt/disk
    mkdir -p /mnt/disk/export /mnt/disk/nfs
    chmod 777 /mnt/disk/export
    # What the server knows of its clients has to survive a power cut, as on any server.
    mount --bind /mnt/disk/nfs /var/lib/nfs
}

serve() {
    modprobe -d "$lab_modules" nfsd
    mount -t nfsd nfsd /proc/fs/nfsd
    nfsdcld -p /var/lib/nfs/rpc_pipefs/nfsd -s /var/lib/nfs/nfsdcld
    # The shortest that the kernel takes without complaint: a battery waits for it again and again.
    echo 15 >/proc/fs/nfsd/nfsv4leasetime
    echo 15 >/proc/fs/nfsd/nfsv4gracetime
    exportfs -o rw,sync,no_root_squash,no_subtree_check,fsid=0 "${lab_address%.*}.0/24:/mnt/disk/export"
    rpc.mountd
    rpc.nfsd 4
    sm-notify -f
}

[ "$lab_name" = srv ] && disk
mkdir -p /var/lib/nfs/{sm,sm.bak,nfsdcld,rpc_pipefs,v4recovery}
chown -R statd /var/lib/nfs/sm /var/lib/nfs/sm.bak
mount -t rpc_pipefs sunrpc /var/lib/nfs/rpc_pipefs
rpcbind -w 2>/dev/null || rpcbind
rpc.statd --no-notify
[ "$lab_name" = srv ] && serve
touch /mnt/mail/READY

cd /mnt/mail
while :; do
    for file in *.do; do
        [ -e "$file" ] || continue
        task=${file%.do}
        mv "$file" "$task.doing"
        # The number is that of the task itself, if its last word is an exec.
        ( bash -c 'echo $$ >"$1.pid"; exec bash "$1.doing"' task "$task" </dev/null >"$task.out" 2>&1; echo $? >"$task.tmp"; mv "$task.tmp" "$task.code" ) &
    done
    sleep 0.02
done
