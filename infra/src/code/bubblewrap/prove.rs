/// A program that looks at its sandbox from within. It says `held` if there is nothing that should not
/// be there.
pub(in crate::code) const PROOF: &str = r"
import os
status = dict(line.split(':', 1) for line in open('/proc/self/status'))
assert status['NoNewPrivs'].strip() == '1', 'privileges can be gained'
assert int(status['CapEff'], 16) == 0, 'there are capabilities'
assert status['Seccomp'].strip() == '2', 'the kernel is open'
assert [line.split(':')[0].strip() for line in open('/proc/net/dev')][2:] == ['lo'], 'there is a network'
assert os.listdir('/work') == [], 'the directory is not empty'
assert not os.path.exists('/root') and not os.path.exists('/home'), 'there are files of others'
assert len([name for name in os.listdir('/proc') if name.isdigit()]) <= 4, 'there are others'
assert set(os.environ) <= {'HOME', 'LANG', 'LC_CTYPE', 'PATH', 'PWD'}, 'there is an environment'
try:
    open('/usr/proof', 'w')
except OSError:
    print('held')
";
