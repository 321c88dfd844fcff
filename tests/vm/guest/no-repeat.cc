// no-repeat: the console's keyboards wait ten seconds before they repeat a key that is held. The
// emulated machine may stand still for longer than the usual quarter of a second.
#include <linux/kd.h>
#include <sys/ioctl.h>

#include "base/error.h"
#include "base/fd.h"

int main() {
  const kvm::Fd console = kvm::open_fd("/dev/tty1", O_RDWR);
  kbd_repeat rate{10'000, 10'000};
  if (::ioctl(console.get(), KDKBDREP, &rate) < 0) throw kvm::Error::from_errno("KDKBDREP");
}
