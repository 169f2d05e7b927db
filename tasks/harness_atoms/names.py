"""Names of data sets on ColabFit's hub page, for the nearest match in errors. Not complete."""

_ELEMENTS = ("Ge", "Si", "Li", "Mo", "Ni", "Cu")

_SETS = """
23-Single-Element-DNPs_RSCDD_2023-Al 23-Single-Element-DNPs_RSCDD_2023-Cu 3BPA_train_300K
3BPA_train_mixed AFF_JCP_2022 ANI-Al_NC2021 Ag-PBE_MSMSE_2021 AgPd_NPJ_2021 AlNiTi_CMS_2019
Au-PBE_MSMSE_2021 BOTnet_ACAC_2022 C_NPJ2020 CA-9_training CHON_JCP_2020 COMP6v2-B973c-def2mTZVP
Carbon_GAP_JCP2020 CoNbV_CMS2019 CuPd_CMS2019 Cu_FHI-aims_NPJCM_2021 DP-GEN_Cu FitSNAP_Fe_NPJ_2021
GST_GAP_22_main HDNNP_H2O H_nature_2022 HfO2_DPGEN_PRB_2021 HfO2_NPJ_2020 In2Se3_2D_DPGEN
InP_JPCA2020 LiGePS_SSE_PBE LiSiPS_SSE_PBE MTPu_2023 MoNbTaVW_PRB2021 Mo_PRM2019 NNIP_FeH_PRM_2021
NNP-Ga2O3 NVNMD_GeTe Nb_PRM2019 NequIP_NC_2022 PtNi_alloy_NPJ2022 SIMPLE_NN_SiO2 Si-H-GAP Si_PRX_GAP
Silica_NPJCM_2022 Sn-SCAN_PRM_2023 Ta_Linear_JCP2014 Ta_PINN_2021 Ta_PRM2019 TiO2_CMS2016
TiZrHfTa_APS2021 Ti_NPJCM_2021 Transition1x_train UNEP-v1_2023 V_PRM2019 W-14 WBe_PRB2019 W_PRB2019
aC_JCP_2023 rMD17 xxMD-CASSCF_train
"""

COLABFIT: tuple[str, ...] = (
    *_SETS.split(),
    *(f"mlearn_{element}_{part}" for element in _ELEMENTS for part in ("train", "test")),
)
