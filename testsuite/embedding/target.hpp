// What the adapter leaves to an embedder: the registers and the memory of the processor, as gdb knows them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "adapter/timeline_target.hpp"
#include "testsuite/embedding/machine.hpp"

namespace backspin::m0 {

class M0Target final : public adapter::TimelineTarget, private gdbstub::Monitor {
  public:
    /// Both outlive the target.
    M0Target(M0Machine& machine, replay::Timeline& timeline);

    const gdbstub::TargetDescription& description() const override { return description_; }
    std::vector<gdbstub::ThreadInfo> threads() const override;
    gdbstub::Outcome<gdbstub::Done> write_register(gdbstub::ThreadId, gdbstub::RegisterNumber,
                                                   std::span<const std::byte> value) override;
    gdbstub::Outcome<gdbstub::Done> write_memory(gdbstub::ThreadId, gdbstub::Address,
                                                 std::span<const std::byte> from) override;
    gdbstub::Monitor* monitor() override { return this; }

  private:
    gdbstub::Outcome<gdbstub::Done> register_of(const Machine&, HartId, gdbstub::RegisterNumber,
                                                std::span<std::byte> value) const override;
    gdbstub::Outcome<std::size_t> memory_of(const Machine&, HartId, VirtualAddress,
                                            std::span<std::byte> into) const override;
    VirtualAddress address_of(gdbstub::Address address) const override {
        return {address.value & 0xffff'ffff};
    }
    gdbstub::Outcome<std::string> execute(std::string_view command, gdbstub::ThreadId) override;

    M0Machine& machine_;
    replay::Timeline& timeline_;
    gdbstub::TargetDescription description_;
};

}  // namespace backspin::m0
