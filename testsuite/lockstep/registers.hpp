// Numbers of the CSRs that the programs use.
// Source: The RISC-V Instruction Set Manual, Volume II, chapter "Control and Status Registers".
#pragma once

namespace backspin::lockstep::csrs {

enum : unsigned {
    kFflags = 0x001,
    kFrm = 0x002,
    kFcsr = 0x003,
    kSstatus = 0x100,
    kSie = 0x104,
    kStvec = 0x105,
    kScounteren = 0x106,
    kSenvcfg = 0x10a,
    kSscratch = 0x140,
    kSepc = 0x141,
    kScause = 0x142,
    kStval = 0x143,
    kSip = 0x144,
    kStimecmp = 0x14d,
    kStimecmph = 0x15d,
    kSatp = 0x180,
    kMstatus = 0x300,
    kMedeleg = 0x302,
    kMideleg = 0x303,
    kMie = 0x304,
    kMtvec = 0x305,
    kMcounteren = 0x306,
    kMenvcfg = 0x30a,
    kMenvcfgh = 0x31a,
    kMscratch = 0x340,
    kMepc = 0x341,
    kMcause = 0x342,
    kMtval = 0x343,
    kMip = 0x344,
    kPmpcfg0 = 0x3a0,
    kPmpaddr0 = 0x3b0,
};

}  // namespace backspin::lockstep::csrs
